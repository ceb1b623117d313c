"""Who wrote what a file says now: session.db knows it while it is kept, the ledger for ever."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onefirm import workspace
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.day.freshness import Fresh
from onefirm.narrative import heads
from onefirm.sessions import db, edits, identity, tree
from onefirm.state.records import Change
from onefirm.store.tables import record
from support.clock import FixedClock

PATH = "context/clients/shop/CLAUDE.md"
TEXT = "# Shop\n\nRecord: CL-1\nParent: [Clients](../CLAUDE.md)\n"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    clock = FixedClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    workspace.init(tmp_path / "firm", workspace.Wishes(firm="Northlight Studio"), clock)
    with open_firm(tmp_path / "firm", clock=clock) as firm:
        firm.records.write([Change("create", kind="client", set={"title": "Shop"})], By("operator"))
        yield firm


def written(firm: Firm, text: str, at: str = "2026-11-23T08:00:00Z", path: str = PATH) -> str:
    """Write the file as at an instant; gives the sha of what it says."""
    file = firm.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    moment = datetime.fromisoformat(at).timestamp()
    os.utime(file, (moment, moment))
    return tree.sha256(text.encode())


def edited(firm: Firm, session: str | None, sha: str, at: str) -> None:
    with db.writing(str(firm.root)) as conn:
        change = {"path": PATH, "renamed_from": None, "before_sha": None, "after_sha": sha}
        edits.record(conn, session, [change], "Write" if session else "outside", at=at)


def shop(firm: Firm) -> Fresh:
    return next(one for one in firm.day.freshness() if one.path == PATH)


def test_the_session_that_wrote_what_a_file_says_is_told_also_once_only_the_ledger_knows(firm: Firm) -> None:
    session = identity.start(str(firm.root), "c1", "startup", str(firm.root), os.getpid())
    firm.day.start(session, "c1", "startup")
    edited(firm, session, written(firm, TEXT), "2026-11-23T08:00:00.500000Z")
    assert (shop(firm).edited_by, shop(firm).edited_at) == (session, "2026-11-23T08:00:00.000000Z")
    firm.day.close(session)
    (firm.root / ".onefirm" / "session.db").unlink()
    assert shop(firm).edited_by == session
    written(firm, TEXT, at="2027-05-01T00:00:00Z")  # as a fresh clone has it
    assert shop(firm).edited_at == "2026-11-23T09:00:00.000000Z"


def test_an_edit_by_another_program_is_from_outside_and_an_unseen_one_is_nobodys(firm: Firm) -> None:
    edited(firm, None, written(firm, TEXT), "2026-11-23T08:00:00Z")
    assert shop(firm).edited_by == "outside"
    written(firm, f"{TEXT}\nMore.\n", at="2026-11-23T08:30:00Z")
    assert (shop(firm).edited_by, shop(firm).edited_at) == ("", "2026-11-23T08:30:00.000000Z")


def test_a_record_that_moved_more_than_once_tells_the_net_move_since_the_first(firm: Firm) -> None:
    written(firm, TEXT)
    first, second, own = ("paused", By("operator")), ("former", By("claude", "S-1")), ("active", By("onefirm"))
    for status, by in (first, second, own):
        firm.records.write([Change("update", ref="CL-1", set={"status": status})], by)
    [moved] = shop(firm).moved
    assert moved.what == "CL-1 Shop: created, status former (operator, claude)"
    firm.day.confirm_context([PATH], By("claude", "S-1"))
    assert (shop(firm).moved, shop(firm).confirmed_by) == ((), "S-1")


def test_a_move_within_the_minute_is_told_where_the_truth_knows_minutes_only(firm: Firm) -> None:
    written(firm, TEXT, at="2026-11-23T08:59:59Z")
    firm.records.write([Change("update", ref="CL-1", set={"status": "paused"})], By("operator"))
    with firm.store.write() as conn:
        conn.execute(record.update().values(updated_at="2026-11-23T08:59:00.000000Z"))
    [moved] = shop(firm).moved
    assert moved.what == "CL-1 Shop: created, status paused (operator)"


def test_what_a_session_archives_is_one_entry_and_still_its_own_work(firm: Firm) -> None:
    session = identity.start(str(firm.root), "c1", "startup", str(firm.root), os.getpid())
    firm.day.start(session, "c1", "startup")
    written(firm, TEXT)
    seen(firm)
    firm.day.close_context("CL-1", By("claude", session), anyway=True)
    assert seen(firm) == []
    with db.reading(str(firm.root)) as conn:
        assert {"context/archive/clients/shop/CLAUDE.md", "context/archive/CLAUDE.md"} <= set(edits.net(conn, session))
    firm.day.close(session)
    with firm.store.read() as conn:
        told = firm.ledger.events(conn, kinds=["narrative.archived", "narrative.edited"])
    assert [event.kind for event in told] == ["narrative.archived"]


def seen(firm: Firm) -> list[str]:
    """What a look at the tree finds changed."""
    with db.writing(str(firm.root)) as conn:
        return [change["path"] for change in tree.scan(conn, str(firm.root), heads.is_narrative)]
