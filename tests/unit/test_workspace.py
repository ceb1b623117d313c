"""Making a workspace: a lost firm on a server, and an init that was cut off."""

from pathlib import Path

import pytest

from onefirm import git, workspace
from onefirm.bootstrap import open_firm
from onefirm.core.errors import Refused
from onefirm.secrets import Secrets
from onefirm.workspace import Report, Wishes
from support.postgres import Postgres


def begun(firm_root: Path) -> list[dict[str, object]]:
    """What the entries say that begin a ledger."""
    with open_firm(firm_root) as firm, firm.store.read() as conn:
        return [dict(one.payload or {}) for one in firm.ledger.events(conn, kinds=["workspace.created"])]


def on_server(root: Path, url: str) -> Report:
    root.mkdir()
    (root / "onefirm.yaml").write_text("version: 1\nfirm: Northlight\nstore: secret:database\n")
    (root / ".onefirm").mkdir(mode=0o700)
    Secrets(root).set("database", url)
    return workspace.init(root, Wishes())


def test_a_firm_on_a_server_is_given_up_only_when_it_is_not_there(tmp_path: Path, postgres_url: str) -> None:
    made = on_server(tmp_path / "firm", postgres_url)
    assert "the tables of the database that `store:` names" in made.made
    assert ".onefirm/firm.db" not in made.made
    chain = workspace.installation(made.root)
    with pytest.raises(Refused, match="holds a firm"):
        workspace.init(made.root, Wishes(), anew=True)
    assert workspace.installation(made.root) == chain
    assert workspace.repair(made.root) == []


def test_an_empty_database_of_a_server_takes_the_place_of_a_lost_one_only_on_purpose(
    tmp_path: Path, postgres_url: str, postgres_server: Postgres
) -> None:
    root = on_server(tmp_path / "firm", postgres_url).root
    lost = workspace.installation(root)
    with postgres_server.database() as empty:
        Secrets(root).set("database", empty)
        for again in (lambda: workspace.repair(root), lambda: workspace.init(root, Wishes())):
            with pytest.raises(Refused, match="there was one") as refused:
                again()
            assert "firm.db" not in refused.value.message + refused.value.hint
            assert "--anew" in refused.value.hint
        workspace.init(root, Wishes(), anew=True)
        assert begun(root) == [{"firm": "Northlight", "gave_up": [lost]}]


def test_a_second_installation_on_a_server_gives_nothing_up(tmp_path: Path, postgres_url: str) -> None:
    first = on_server(tmp_path / "firm", postgres_url).root
    second = on_server(tmp_path / "other", postgres_url).root
    assert workspace.installation(first) != workspace.installation(second)
    assert [said.get("gave_up") for said in begun(first)] == [None, None]


@pytest.mark.parametrize("step", ["_by_hand", "_chain", "_found", "_close_to_others", "_commit"])
def test_an_init_that_was_cut_off_is_finished_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    root = tmp_path / "firm"
    root.mkdir()
    (root / "notes.md").write_text("mine")
    with monkeypatch.context() as patched:
        patched.setattr(workspace, step, cut)
        with pytest.raises(KeyboardInterrupt):
            workspace.init(root, Wishes(firm="Northlight", timezone="Europe/Berlin", currency="USD"))
    finished = workspace.init(root, Wishes())
    assert {"onefirm.yaml", "CLAUDE.md", ".claude/settings.json", "context/CLAUDE.md"} <= set(finished.committed)
    assert git.dirty_paths(root) == ["notes.md"]
    assert len(begun(root)) == 1
    assert workspace.init(root, Wishes()).committed == []


def test_a_file_of_the_operators_is_not_committed_by_a_second_init(tmp_path: Path) -> None:
    (tmp_path / "CLAUDE.md").write_text("# Mine\n")
    made = workspace.init(tmp_path, Wishes())
    assert "CLAUDE.md" not in made.committed
    assert workspace.init(tmp_path, Wishes()).committed == []
    assert git.dirty_paths(tmp_path) == ["CLAUDE.md"]


@pytest.mark.parametrize("step", ["migrate", "_chain", "_found", "_commit"])
@pytest.mark.parametrize("anew", [True, False])
def test_giving_a_firm_up_may_be_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, anew: bool
) -> None:
    root = workspace.init(tmp_path, Wishes()).root
    lost = workspace.installation(root)
    for path in (root / ".onefirm").glob("firm.db*"):
        path.unlink()
    with monkeypatch.context() as patched:
        patched.setattr(workspace, step, cut)
        with pytest.raises(KeyboardInterrupt):
            workspace.init(root, Wishes(), anew=True)
    workspace.init(root, Wishes(), anew=step == "migrate" or (anew and step != "_commit"))
    assert [said["gave_up"] for said in begun(root)] == [[lost]]
    own = workspace.installation(root)
    assert {value.split(":")[0] for value in git.trailers(root, "Ledger-Head")} == {lost, own}


def cut(*_given: object, **_named: object) -> None:
    raise KeyboardInterrupt
