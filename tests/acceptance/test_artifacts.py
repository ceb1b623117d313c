"""Artifacts: kept once and for good, named by a short ref, seen from their records, gone when they are erased."""

from pathlib import Path

import pytest

from support.over_mcp import Refusal, connected
from support.own_schema import workshop
from support.terminal import Terminal

pytestmark = pytest.mark.row("STA-13")

OFFER = "# Offer\n\nTwelve days of work.\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A firm with the prospect PR-1, the client CL-1, and a draft in its folder."""
    root = workshop(tmp_path).root
    (root / "offer.md").write_text(OFFER, encoding="utf-8")
    onefirm = Terminal(root)
    onefirm.done("record", "create", "prospect", "title=Halvorsen")
    onefirm.done("record", "create", "client", "title=Acme")
    return root


@pytest.fixture
def onefirm(root: Path) -> Terminal:
    return Terminal(root)


def kept(root: Path) -> list[Path]:
    return [path for path in (root / ".onefirm/artifacts").rglob("*") if path.is_file()]


def test_a_draft_is_added_listed_shown_and_written_out(root: Path, onefirm: Terminal) -> None:
    added = onefirm.done("artifact", "add", "offer.md", "--about", "PR-1", "--kind", "proposal", "--why", "first draft")
    assert added.out == "ART-1 offer.md (proposal) for PR-1\n"
    (root / "offer.md").write_text("Ten days.\n")
    second = onefirm.data("artifact", "add", "offer.md", "--about", "PR-1", "--kind", "proposal", "--name", "v2.md")
    assert (second["ref"], second["new"]) == ("ART-2", True)
    assert [one["name"] for one in onefirm.data("artifact", "list", "--about", "PR-1")] == ["offer.md", "v2.md"]
    assert onefirm.data("artifact", "list", "--kind", "contract") == []
    shown = onefirm.done("artifact", "show", "ART-1").out
    assert shown.startswith("ART-1 offer.md\n")
    assert shown.endswith(f"\n{OFFER}")
    onefirm.done("artifact", "show", second["sha256"], "--to", "copy.md")
    assert (root / "copy.md").read_text() == "Ten days.\n"
    assert "is there already" in onefirm("artifact", "show", "ART-1", "--to", "copy.md").err
    nowhere = onefirm("artifact", "show", "ART-1", "--to", "nowhere/copy.md")
    assert (nowhere.code, "nowhere/copy.md can't be written: No such file" in nowhere.err) == (1, True)
    assert "Twelve days" not in onefirm.done("ledger", "export").out, "the ledger names it and never repeats it"
    told = onefirm.done("ledger", "log", "--about", "PR-1").out
    assert "added the proposal ART-1 “offer.md” about PR-1, because: first draft" in told
    assert "ART-1 “offer.md” (proposal)" in onefirm.done("ledger", "trace", "PR-1").out
    assert "ART-2 “v2.md” about PR-1" in onefirm.done("brief").out


def test_the_same_bytes_again_are_linked_and_not_doubled(root: Path, onefirm: Terminal) -> None:
    onefirm.done("artifact", "add", "offer.md", "--about", "PR-1")
    assert "nothing had to be done" in onefirm.done("artifact", "add", "offer.md", "--about", "PR-1").out
    assert "now also for CL-1" in onefirm.done("artifact", "add", "offer.md", "--about", "CL-1").out
    assert onefirm.data("artifact", "list")[0]["about"] == ["PR-1", "CL-1"]
    assert len(kept(root)) == 1


def test_what_holds_a_secret_or_is_onefirms_own_is_refused(root: Path, onefirm: Terminal) -> None:
    (root / "key.md").write_text(f"Fine.\nsk-{'a1' * 12}\n")
    assert "key.md:2 holds " in onefirm("artifact", "add", "key.md", "--about", "PR-1").err
    assert "onefirm's own file" in onefirm("artifact", "add", ".onefirm/firm.db", "--about", "PR-1").err
    assert onefirm("artifact", "add", "offer.md").code == 2, "it belongs to a record"
    assert kept(root) == []


def test_the_doctor_names_what_is_lost_changed_or_unknown(root: Path, onefirm: Terminal) -> None:
    onefirm.done("artifact", "add", "offer.md", "--about", "PR-1")
    assert "1 file in .onefirm/artifacts, each as it was added" in onefirm("doctor").out
    (path,) = kept(root)
    path.chmod(0o600)
    path.write_text("Ten days.\n")
    (path.parent / "0123").write_text("left over")
    told = onefirm("doctor").out
    assert "the file of ART-1 “offer.md” was changed: .onefirm/artifacts/" in told
    assert "0123 belongs to no artifact" in told
    assert "no longer what was added" in onefirm("artifact", "show", "ART-1").err
    onefirm.done("artifact", "add", "offer.md", "--about", "PR-1")
    assert onefirm.done("artifact", "show", "ART-1").out.endswith(OFFER)


def test_narrative_that_repeats_an_artifact_is_found_with_its_line(root: Path, onefirm: Terminal) -> None:
    passage = (
        "We rebuild the ticket path in twelve days, in three steps that each can be used by themselves: the form, "
    )
    passage += "the payment, and the mail that confirms it, before the old one is switched off."
    (root / "offer.md").write_text(f"# Offer\n\n{passage}\n", encoding="utf-8")
    onefirm.done("artifact", "add", "offer.md", "--about", "CL-1")
    onefirm.done("context", "new", "CL-1", "the ticket shop")
    assert onefirm("context", "check").code == 0
    (file,) = (root / "context").rglob("acme*/CLAUDE.md")
    file.write_text(f"{file.read_text()}\n{passage}\n", encoding="utf-8")
    told = onefirm("context", "check").out
    assert "words stand in ART-1 “offer.md” too, which never changes" in told
    assert "name ART-1 here" in told


def test_an_erasure_takes_the_files_and_says_whom_else_they_were_for(root: Path, onefirm: Terminal) -> None:
    onefirm.done("artifact", "add", "offer.md", "--about", "PR-1")
    onefirm.done("artifact", "add", "offer.md", "--about", "CL-1")
    (root / "other.md").write_text("Another.\n")
    onefirm.done("artifact", "add", "other.md", "--about", "PR-1")
    onefirm.done("record", "archive", "CL-1")
    erased = onefirm.done("ledger", "erase", "CL-1", "--why", "asked for by the client", "--yes")
    assert "It takes the words of ART-1 too, about other records as well" in erased.err
    assert "yours to delete" in erased.err
    assert [one["ref"] for one in onefirm.data("artifact", "list")] == ["ART-2"]
    assert [path.read_text() for path in kept(root)] == ["Another.\n"]
    onefirm.done("ledger", "erase", "ART-2", "--why", "asked for again", "--yes")
    assert kept(root) == []
    onefirm.done("ledger", "verify")


def test_an_uninstall_says_that_the_files_would_go(root: Path, onefirm: Terminal) -> None:
    onefirm.done("artifact", "add", "offer.md", "--about", "PR-1")
    told = onefirm("uninstall", "--yes")
    assert "the file of 1 artifact would be lost with .onefirm/" in told.err + told.out


@pytest.mark.row("NAR-09")
def test_a_session_for_one_client_keeps_and_sees_its_own_artifacts_only(
    root: Path, onefirm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    onefirm.done("record", "create", "client", "title=Borealis")
    (root / "own.md").write_text("Ours.\n")
    (root / "both.md").write_text("Both.\n")
    onefirm.done("artifact", "add", "offer.md", "--about", "CL-2")
    onefirm.done("artifact", "add", "both.md", "--about", "CL-1", "--about", "CL-2")
    digest = onefirm.data("artifact", "show", "ART-1")["sha256"]
    with connected(root, "walled") as firm:
        firm.get("CL-1")
        monkeypatch.setenv("CLAUDECODE", "1")
        monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "walled")
        onefirm.done("session", "client", "CL-1")
        onefirm.done("artifact", "add", "own.md", "--about", "CL-1")
    assert [one["ref"] for one in onefirm.data("artifact", "list")] == ["ART-3"]
    for hidden in ("ART-1", "ART-2", digest):
        told = onefirm("artifact", "show", hidden)
        assert told.code == 1
        assert "offer" not in told.err
    assert "is kept for somebody else already" in onefirm("artifact", "add", "offer.md", "--about", "CL-1").err
    assert onefirm("artifact", "add", "own.md", "--about", "CL-2").code == 1
    assert onefirm("artifact", "list", "--about", "CL-2").code == 1


def test_an_invoice_may_name_an_account_and_no_key(root: Path, onefirm: Terminal) -> None:
    (root / "invoice.md").write_text("Pay to DE89 3704 0044 0532 0130 00.\n")
    onefirm.done("artifact", "add", "invoice.md", "--about", "CL-1")
    (root / "both.md").write_text(f"Pay to DE89 3704 0044 0532 0130 00.\nghp_{'a1B2' * 9}\n")
    assert "both.md:2 holds a GitHub token." in onefirm("artifact", "add", "both.md", "--about", "CL-1").err


def test_claude_sees_what_a_record_has_and_reads_a_text(root: Path, onefirm: Terminal) -> None:
    onefirm.done("artifact", "add", "offer.md", "--about", "PR-1", "--kind", "proposal")
    (root / "scan.pdf").write_bytes(b"%PDF\0")
    onefirm.done("artifact", "add", "scan.pdf", "--about", "PR-1", "--kind", "contract")
    with connected(root) as firm:
        assert firm.get("PR-1", detail="detailed")["artifacts"] == [
            "ART-1 offer.md (proposal)",
            "ART-2 scan.pdf (contract)",
        ]
        assert "artifacts" not in firm.get("PR-1")
        assert firm.read("firm://artifacts/ART-1") == OFFER
        assert "ART-2 is no text" in firm.read("firm://artifacts/ART-2")
        assert '"ART-1 offer.md (proposal)"' in firm.read("firm://records/PR-1")
        (told, *_) = [row["what"] for row in firm.rows("record_get", refs=["PR-1"], timeline=True)]
        assert "added the contract ART-2 “scan.pdf”" in told
        with pytest.raises(Exception, match="There is no artifact ART-9"):
            firm.read("firm://artifacts/ART-9")
        with pytest.raises(Refusal, match="No kind of record has refs like ART-1"):
            firm.get("ART-1")
