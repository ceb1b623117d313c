"""Making a workspace: a lost firm on a server, and an init that was cut off."""

from pathlib import Path

import pytest

from onefirm import workspace
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
