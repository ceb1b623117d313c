"""Erasing takes a client's words out of every place of ours, and says where they may still be."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onefirm import workspace
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.core.errors import NotFound, Refused
from onefirm.day import backups, intake, snapshots
from onefirm.ledger.verify import verify
from onefirm.memory.quotes import Quote
from onefirm.sessions import choices, db, edits, identity, told, tree
from onefirm.sessions.shapes import Chosen
from onefirm.state.artifacts import Artifacts
from onefirm.state.records import Change
from onefirm.store import engine, notes
from support.clock import FixedClock

MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OPERATOR = By("operator", reason="asked for by the client")
NAME = "Halvorsen"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """A firm with an archived client of this name, a contact that points at it, a decision and a lesson about it."""
    clock = FixedClock(MORNING)
    workspace.init(tmp_path / "firm", workspace.Wishes(firm="Northlight Studio", timezone="Europe/Berlin"), clock)
    with open_firm(tmp_path / "firm", clock=clock) as firm:
        write(
            firm, Change("create", kind="client", set={"title": NAME, "email": "a@halvorsen.example", "owner": "Ada"})
        )
        write(firm, Change("create", kind="contact", set={"title": "Somebody", "client": "CL-1"}))
        firm.records.get("CL-1", By("claude", "S-1"))
        firm.decisions.record(f"Call {NAME} first", "they asked", about=["CL-1"], by=OPERATOR)
        firm.lessons.record(f"{NAME} reads mail late", "twice", about=["CL-1"], by=OPERATOR)
        firm.lessons.decide("L-1", "harden", by=OPERATOR)
        (firm.root / "context" / "notes.md").write_text("# Notes\n\nRecord: CL-1\n\nThey pay in time.\n")
        firm.recall.refresh()
        firm.day.brief()
        yield firm


def write(firm: Firm, change: Change) -> None:
    firm.records.write([change], OPERATOR)


def archive(firm: Firm) -> None:
    write(firm, Change("archive", ref="CL-1"))


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def holding(firm: Firm) -> list[str]:
    """The files of the firm in which the name can be read, whatever made them."""
    found = (path for path in (firm.root / ".onefirm").rglob("*") if path.is_file())
    return [path.name for path in found if NAME.lower().encode() in path.read_bytes().lower()]


def test_a_client_is_gone_from_every_file_and_the_ledger_is_whole(firm: Firm) -> None:
    firm.recall.recall(f"What does {NAME} owe us?")
    firm.recall.recall("Who pays in time?")
    with db.writing(str(firm.root)) as conn:
        asked: Chosen = {"question": f"Call {NAME}?", "chosen": "Yes", "rejected": ["No"], "why": ""}
        choices.keep(conn, "S-1", "", [asked])
    archive(firm)
    assert "firm.db" in {name.partition("-")[0] for name in holding(firm)}
    erased = firm.day.erase("cl-1", OPERATOR)
    assert (erased.ref, erased.entries) == ("CL-1", 5)
    assert holding(firm) == []
    assert (firm.uses.stats().asked, firm.uses.stats().misses) == (2, ())
    left = firm.records.get("CL-1")
    assert (left.title, left.status, left.archived, left.props) == (
        "(erased)", "active", True, {"title": "(erased)", "status": "active"},
    )  # fmt: skip
    assert firm.records.get("CN-1").props["client"] == "CL-1"
    with firm.store.read() as conn:
        assert verify(conn).ok
        assert firm.ledger.events(conn, ref="CL-1")[-1].kind == "payload.erased"
    with pytest.raises(Refused, match="Nothing was erased"):
        firm.day.erase("CL-1", OPERATOR)


def test_what_was_read_of_a_client_goes_with_it_and_a_source_takes_its_facts(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    for about in ("CL-1", "CN-1"):
        said = f"{NAME} told us that the harbour closes in March, {about}."
        ref = firm.sources.add(said, about=[about], by=OPERATOR).source.ref
        quote = [Quote(ref, "the harbour closes in March")]
        firm.facts.record(f"{NAME}'s harbour closes, says {about}", quotes=quote, subject=about, by=OPERATOR)
    firm.recall.refresh()
    archive(firm)
    firm.day.erase("CL-1", OPERATOR)
    assert [firm.sources.get(ref).text_is for ref in ("SRC-1", "SRC-2")] == ["erased", "here"]
    assert [firm.facts.get(ref).status for ref in ("F-1", "F-2")] == ["erased", "active"]
    taken = firm.root / intake.TAKEN
    taken.mkdir()
    (taken / "SRC-2 letter.txt").write_text(NAME)
    with monkeypatch.context() as cut:
        cut.setattr(intake, "forget", interrupted)
        with pytest.raises(KeyboardInterrupt):
            firm.day.erase("SRC-2", OPERATOR)
    firm.day.erase("SRC-2", OPERATOR)
    assert (firm.facts.get("F-2").status, holding(firm)) == ("erased", [])
    with firm.store.read() as conn:
        assert verify(conn).ok


def test_an_erasure_that_is_killed_again_and_again_ends_as_one_that_was_not(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, root = firm.root / "draft.txt", str(firm.root)
    draft.write_text(f"An offer to {NAME}.")
    firm.artifacts.add(draft, ["CL-1"], OPERATOR)
    for text in (f"{NAME} pays in time.", "Somebody pays."):
        (firm.root / "context" / "notes.md").write_text(f"# Notes\n\nRecord: CL-1\n\n{text}\n")
        with db.writing(root) as conn:
            tree.scan(conn, root, lambda path, text: True)
    archive(firm)
    steps: list[tuple[object, str]] = [
        (Artifacts, "drop"), (tree, "forget"), (snapshots, "forget"), (notes, "drop")
    ]  # fmt: skip
    for room, step in steps:
        with monkeypatch.context() as cut:
            cut.setattr(room, step, interrupted)
            with pytest.raises(KeyboardInterrupt):
                firm.day.erase("CL-1", OPERATOR)
        (firm.root / "context" / "notes.md").unlink(missing_ok=True)  # what was its own file is known all the same
        assert firm.day.erasable("CL-1").entries == 6
    assert "onefirm ledger erase CL-1 --why …" in [one.fix for one in firm.day.examine()]
    erased = firm.day.erase("CL-1", OPERATOR)
    assert (erased.entries, holding(firm)) == (6, [])
    assert any("files from which its artifacts were added" in sentence for sentence in erased.stays)
    assert not any((firm.root / ".onefirm/artifacts").rglob("*/*"))
    assert firm.day.erasable("CL-1").entries == 0
    with pytest.raises(Refused, match="Nothing was erased"):
        firm.day.erase("CL-1", OPERATOR)


@pytest.mark.parametrize("since", ["always", "of late"])
def test_nothing_is_left_in_free_space_where_sqlite_was_built_to_leave_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, since: str
) -> None:
    ours = engine._configure_sqlite

    def as_built(connection: sqlite3.Connection, record: object) -> None:
        connection.execute("PRAGMA secure_delete=OFF")
        ours(connection, record)
        if since == "of late":  # what an onefirm wrote that left it to the build
            connection.execute("PRAGMA secure_delete=OFF")

    with monkeypatch.context() as built:
        built.setattr(engine, "_configure_sqlite", as_built)
        workspace.init(tmp_path / "firm", workspace.Wishes(firm="Northlight Studio", timezone="Europe/Berlin"))
        with open_firm(tmp_path / "firm") as firm:
            write(firm, Change("create", kind="client", set={"title": NAME}))
            for number in range(20):
                write(firm, Change("update", ref="CL-1", set={"next_action": f"Call {NAME} {number} " + "long " * 50}))
            archive(firm)
    with open_firm(tmp_path / "firm") as firm:
        assert "firm.db" in {name.partition("-")[0] for name in holding(firm)}
        firm.day.erase("CL-1", OPERATOR)
        assert holding(firm) == []


def test_it_says_where_the_words_may_still_be(firm: Firm) -> None:
    archive(firm)
    backups.copy(backups.database(firm.root), firm.root / ".onefirm" / "backup" / "firm-2026-11-22.db")
    (firm.root / "context" / "other.md").write_text("# Other\n\nSee CL-12.\n")
    (firm.root / "context" / "calls.md").write_text("# Calls\n\nCL-1 called.\n")
    told = " ".join(firm.day.erase("CL-1", OPERATOR).stays)
    for where in ("context/notes.md", "context/calls.md", "git history", "Backups", "CN-1", "Exports"):
        assert where in told
    assert "other.md" not in told
    assert "Another program" not in told


def test_it_says_so_while_another_program_keeps_old_pages(firm: Firm) -> None:
    archive(firm)
    with closing(sqlite3.connect(backups.database(firm.root), isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM event").fetchone()
        stays = firm.day.erase("CL-1", OPERATOR).stays
    assert any("Another program has the databases open" in sentence for sentence in stays)


def test_only_what_is_archived_is_erased(firm: Firm) -> None:
    for attempt in (firm.day.erasable, lambda ref: firm.day.erase(ref, OPERATOR)):
        with pytest.raises(Refused, match="not archived") as refused:
            attempt("CL-1")
    assert refused.value.hint == "Archive it first: `onefirm record archive CL-1`."
    assert firm.records.get("CL-1").title == NAME


def test_a_lesson_keeps_its_standing_when_its_words_and_its_verdict_are_erased(firm: Firm) -> None:
    assert firm.day.erasable("L-1").entries == 2
    firm.day.erase("L-1", OPERATOR)
    [lesson] = firm.lessons.find().rows
    assert (lesson.erased, lesson.status) == (True, "hardened")
    assert firm.recall.recall("mail late").hits == ()


def test_a_reason_with_a_secret_is_refused_wherever_it_would_stay_for_good(firm: Firm) -> None:
    archive(firm)
    firm.secrets.set("mail_password", "correct-horse-battery")
    by = By("operator", reason="it is correct-horse-battery")
    with pytest.raises(Refused, match="secret"):
        firm.day.erase("CL-1", by)
    with pytest.raises(Refused, match="secret"):
        firm.day.lift_guard(5, by)
    assert firm.day.erasable("CL-1").entries == 5


def test_a_ref_that_nobody_knows_has_nothing_to_erase(firm: Firm) -> None:
    assert firm.day.erasable("CL-77").entries == 0
    with pytest.raises((Refused, NotFound)):
        firm.day.erase("CL-77", OPERATOR)


def test_what_decisions_and_lessons_it_takes_from_other_records_is_said_before(firm: Firm) -> None:
    firm.decisions.record(f"{NAME} and Somebody share a slot", "both agreed", about=["CL-1", "CN-1"], by=OPERATOR)
    firm.lessons.record(f"{NAME} and Somebody argue", "twice", about=["CN-1", "CL-1"], by=OPERATOR)
    archive(firm)
    assert firm.day.erasable("CL-1").shared == ("DEC-2", "L-2")
    assert firm.day.erasable("L-2").shared == ()


def test_what_a_session_left_standing_in_its_narrative_is_erased_with_it(firm: Firm) -> None:
    root, notes = str(firm.root), firm.root / "context" / "notes.md"

    def left(text: str) -> str:
        """A session leaves the file like this, quoted by the guard."""
        session = identity.start(root, text.split()[-1], "startup", root, os.getpid())
        with db.writing(root) as conn:
            tree.scan(conn, root, lambda path, text: True)
            notes.write_text(f"# Notes\n\nRecord: CL-1\n\n{text}\n")
            tree.scan(conn, root, lambda path, text: True)
            told.fresh(conn, session, [f"context/notes.md: “{text}”"])
            why = f"it says “{text}”"
            found = {"path": "context/notes.md", "why": why, "at": "2026-11-23T09:00:00.000000Z"}
            edits.leave_unreconciled(conn, session, [found])
        return session

    firm.day.close(left(f"{NAME} is gone"))
    left(f"{NAME} is paused")
    notes.write_text("# Notes\n\nRecord: CL-1\n\nNothing.\n")
    with db.writing(root) as conn:
        tree.scan(conn, root, lambda path, text: True)
    archive(firm)
    assert NAME in firm.day.brief().text
    stays = firm.day.erase("CL-1", OPERATOR).stays
    assert not any("quoted in the keys" in sentence for sentence in stays)
    brief = firm.day.brief().text
    assert NAME not in brief
    assert "was left as it doesn't stand" not in brief
    assert [name for name in holding(firm) if not name.startswith("firm-")] == []
    with firm.store.read() as conn:
        assert [event.subjects for event in firm.ledger.events(conn, kinds=["narrative.unreconciled"])] == [("CL-1",)]


def test_findings_that_name_no_record_yet_are_erased_by_the_file_or_the_ref_that_they_quote(firm: Firm) -> None:
    with firm.store.write() as conn:
        for path, why in (("context/notes.md", NAME), ("gone.md", f"cl-1 {NAME}"), ("other.md", "CL-12 stays")):
            data, key = {"path": path, "why": why}, f"unreconciled:S-1:{path}:{why}"
            firm.ledger.append(conn, "narrative.unreconciled", data, subjects=(), by=OPERATOR, effect_key=key)
    archive(firm)
    assert "quoted in the keys" in firm.day.erase("CL-1", OPERATOR).stays[0]
    with firm.store.read() as conn:
        left = [event.payload for event in firm.ledger.events(conn, kinds=["narrative.unreconciled"])]
    assert [told and told["path"] for told in left] == [None, None, "other.md"]
