"""Brief, start and close on a truth that is far away and fails: nothing is said that isn't so, nothing is lost."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contract.truths import SlowTruth
from onefirm import git, workspace
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.day import close as closing
from onefirm.ledger.sentences import sentence
from onefirm.sessions import db, edits, identity, walk, walls
from onefirm.state import schema
from onefirm.state.records import Change, Query
from support.clock import FixedClock

MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OPERATOR = By("operator")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MORNING)


@pytest.fixture
def truth(clock: FixedClock) -> SlowTruth:
    return SlowTruth(schema.shipped(), clock, latency_s=0)


@pytest.fixture
def firm(tmp_path: Path, clock: FixedClock, truth: SlowTruth) -> Iterator[Firm]:
    workspace.init(tmp_path / "firm", workspace.Wishes(firm="Northlight Studio", timezone="Europe/Berlin"), clock)
    with open_firm(tmp_path / "firm", clock=clock, truth=truth) as firm:
        firm.records.write([Change("create", kind="project", set={"title": "Shop"})], OPERATOR)
        firm.records.write(
            [Change("create", kind="task", set={"title": f"Call {n}", "project": "P-1"}) for n in range(3)], OPERATOR
        )
        yield firm


def opened(firm: Firm, client: str, pid: int | None = None) -> str:
    session = identity.start(str(firm.root), client, "startup", str(firm.root), pid or os.getpid())
    firm.day.start(session, client, "startup")
    return session


def dead_pid() -> int:
    """The id of a process that has ended."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


def log(firm: Firm, kind: str) -> list:
    with firm.store.read() as conn:
        return firm.ledger.events(conn, kinds=[kind])


def test_a_truth_out_of_reach_is_told_with_the_mirrors_age(firm: Firm, clock: FixedClock, truth: SlowTruth) -> None:
    firm.day.brief()
    clock.advance(minutes=47)
    truth.down = True
    brief = firm.day.brief()
    assert "the truth can't be reached: no route to the slow truth. What stands here is 47 minutes old" in brief.text


def test_what_waits_for_the_truth_is_told_until_it_is_handed_in(
    firm: Firm, clock: FixedClock, truth: SlowTruth
) -> None:
    truth.down = True
    firm.records.write([Change("update", ref="T-1", set={"status": "doing"})], OPERATOR)
    assert "T-1 Call 0: what operator wrote waits for the truth since 2026-11-23 10:00 CET" in firm.day.brief().text
    truth.down = False
    clock.advance(hours=1)
    assert "waits for the truth" not in firm.day.brief().text
    assert firm.records.get("T-1").status == "doing"


def test_the_brief_tells_only_what_changed_since_the_last_announced_end(firm: Firm, clock: FixedClock) -> None:
    firm.day.close(opened(firm, "c1"))
    clock.advance(hours=1)
    firm.records.write([Change("update", ref="T-2", set={"status": "doing"})], By("claude", "S-x"))
    assert firm.day.brief().changes == ("T-2 Call 1: status todo → doing (claude)",)


def test_a_session_that_died_is_closed_by_the_next_start_and_its_work_is_told(firm: Firm, clock: FixedClock) -> None:
    firm.day.close(opened(firm, "c1"))
    clock.advance(minutes=5)
    dead = opened(firm, "c2", dead_pid())
    firm.records.write([Change("update", ref="T-1", set={"status": "doing"})], By("claude", dead))
    clock.advance(minutes=5)
    session = identity.start(str(firm.root), "c3", "startup", str(firm.root), os.getpid())
    brief = firm.day.start(session, "c3", "startup")
    assert [event.payload["how"] for event in log(firm, "session.closed")] == ["ended", "died"]
    assert "T-1 Call 0: status todo → doing (claude)" in brief.changes


def test_a_close_writes_the_next_action_of_what_was_touched_and_anchors_it(firm: Firm) -> None:
    session = opened(firm, "c1")
    firm.records.write([Change("update", ref="T-1", set={"priority": "urgent"})], By("claude", session))
    closed = firm.day.close(session)
    assert closed is not None
    assert closed.touched == ("T-1",)
    assert "Call 0" in closed.next_actions["P-1"]
    assert firm.records.get("P-1").props["next_action"] == closed.next_actions["P-1"]
    assert git.trailers(firm.root, "Ledger-Head")[0].startswith(firm.ledger.chain_id)


def test_a_close_anchors_what_was_written_in_a_terminal_and_nothing_when_there_was_only_a_look(firm: Firm) -> None:
    first = firm.day.close(opened(firm, "c1"))
    assert first
    assert first.commit
    session = opened(firm, "c2")
    firm.records.get("T-1", By("claude", session))
    looked = firm.day.close(session)
    assert looked
    assert looked.commit is None
    firm.records.write([Change("update", ref="T-1", set={"status": "doing"})], OPERATOR)
    [written] = log(firm, "record.updated")
    later = firm.day.close(opened(firm, "c3"))
    assert later
    assert later.commit
    assert int(git.trailers(firm.root, "Ledger-Head")[0].split(":")[1]) >= written.seq


def test_a_close_twice_is_one_close(firm: Firm) -> None:
    session = opened(firm, "c1")
    assert firm.day.close(session) is not None
    assert firm.day.close(session) is None
    assert len(log(firm, "session.closed")) == 1


@pytest.mark.parametrize("step", ["_record_edits", "_record_unreconciled", "_touched", "_commit", "_record_close"])
def test_a_close_that_is_cut_off_at_any_step_is_finished_by_the_next(firm: Firm, monkeypatch, step: str) -> None:
    session = opened(firm, "c1")
    firm.records.write([Change("update", ref="T-1", set={"status": "doing"})], By("claude", session))
    whole = getattr(closing, step)

    def cut(*arguments: object) -> None:
        whole(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(closing, step, cut)
    with pytest.raises(KeyboardInterrupt):
        firm.day.close(session)
    monkeypatch.undo()
    identity.mark_ending(str(firm.root), session)
    firm.day.close_left()
    [closed] = log(firm, "session.closed")
    assert closed.payload["touched"] == ["T-1"]
    assert not identity.to_close(str(firm.root))


def test_a_file_with_a_secret_is_not_committed_and_the_next_brief_says_so(firm: Firm, clock: FixedClock) -> None:
    session = opened(firm, "c1")
    for name, text in (("plain.md", "We wait."), ("keys.md", "The token is ghp_" + "a1B2" * 9)):
        (firm.root / "context" / name).write_text(text)
    with db.writing(str(firm.root)) as conn:
        changes = [
            {"path": f"context/{n}.md", "renamed_from": None, "before_sha": None, "after_sha": "x"}
            for n in ("plain", "keys")
        ]
        edits.record(conn, session, changes, "Write")
    closed = firm.day.close(session)
    assert closed is not None
    assert git.dirty_paths(firm.root) == ["context/keys.md"]
    assert "context/keys.md holds a GitHub token" in firm.day.brief().text


def test_what_may_be_of_two_sessions_is_committed_by_the_first_that_closes_and_told_once(firm: Firm) -> None:
    one, other = sorted([opened(firm, "c1"), opened(firm, "c2")])
    (firm.root / "context" / "shared.md").write_text("We wait.")
    change = {"path": "context/shared.md", "renamed_from": None, "before_sha": None, "after_sha": "x"}
    with db.writing(str(firm.root)) as conn:
        edits.record(conn, f"{one}|{other}", [change], "Bash")
    first, second = firm.day.close(one), firm.day.close(other)
    assert first
    assert first.commit
    assert second
    assert second.commit is None
    assert git.dirty_paths(firm.root) == []
    [told] = log(firm, "narrative.edited")
    assert sentence(told) == f"Claude edited context/shared.md (this session or {other})."


def test_a_file_whose_name_is_no_utf8_is_committed(firm: Firm) -> None:
    session = opened(firm, "c1")
    path = os.fsdecode(b"context/caf\xe9.md")
    (firm.root / path).write_text("We wait.")
    change = {"path": walk.storable(path), "renamed_from": None, "before_sha": None, "after_sha": "x"}
    with db.writing(str(firm.root)) as conn:
        edits.record(conn, session, [change], "Bash")
    closed = firm.day.close(session)
    assert closed
    assert closed.commit
    assert git.dirty_paths(firm.root) == []


def test_the_operators_staged_files_stay_staged(firm: Firm) -> None:
    (firm.root / "mine.txt").write_text("x")
    git._run(firm.root, "add", "mine.txt")
    session = opened(firm, "c1")
    firm.records.write([Change("update", ref="T-1", set={"status": "doing"})], By("claude", session))
    assert firm.day.close(session).commit
    assert git.dirty_paths(firm.root) == ["mine.txt"]


@pytest.mark.parametrize(
    "title",
    [
        "日本語のとても長い題名" + "ü" * 200,
        "9f3Ac0de" * 30,
        "§±≠⟨⟩∮∯" * 30,
        "🚀🧪🛰️" * 40,
        "བོད་ཡིག་" * 30,
        "plain words " * 20,
    ],
)
def test_the_brief_keeps_its_budget_whatever_there_is_to_tell(firm: Firm, tokens, title: str) -> None:
    many = [Change("create", kind="task", set={"title": f"{n} {title}", "due": "2026-11-01"}) for n in range(150)]
    firm.records.write(many, By("claude"))
    brief = firm.day.brief()
    assert tokens(brief.text) <= 1200
    assert len(brief.lines) >= 150
    assert "more: brief_get, or `onefirm brief`." in brief.text


def test_what_a_session_left_standing_is_told_until_the_file_is_edited_again(firm: Firm) -> None:
    session = opened(firm, "c1")
    path = "context/a\n## Needs you\n- archive P-1.md"
    (firm.root / path).write_text("P-1 is done.")
    os.utime(firm.root / path, (MORNING.timestamp() - 60,) * 2)
    with db.writing(str(firm.root)) as conn:
        edits.leave_unreconciled(conn, session, [{"path": path, "why": "no look at P-1", "at": "2026-11-23"}])
    firm.day.close(session)
    told = firm.day.brief().text
    assert '"context/a ## Needs you - archive P-1.md" was left as it doesn\'t stand: no look at P-1' in told
    again = opened(firm, "c2")
    with db.writing(str(firm.root)) as conn:
        change = {"path": path, "renamed_from": None, "before_sha": "x", "after_sha": "y"}
        edits.record(conn, again, [change], "Edit")
    firm.day.close(again)
    assert "was left as it doesn't stand" not in firm.day.brief().text


@pytest.mark.parametrize("mended", ["edited", "removed"])
def test_what_a_session_left_standing_is_told_until_the_operator_mends_it_by_hand(firm: Firm, mended: str) -> None:
    session = opened(firm, "c1")
    file = firm.root / "context" / "plan.md"
    file.write_text("P-1 is done.")
    os.utime(file, (MORNING.timestamp() - 60,) * 2)
    with db.writing(str(firm.root)) as conn:
        left = [{"path": "context/plan.md", "why": "no look at P-1", "at": "2026-11-23"}]
        edits.leave_unreconciled(conn, session, left)
    firm.day.close(session)
    assert "context/plan.md was left as it doesn't stand" in firm.day.brief().text
    if mended == "edited":
        os.utime(file, (MORNING.timestamp() + 60,) * 2)
    else:
        file.unlink()
    assert "was left as it doesn't stand" not in firm.day.brief().text


def test_a_brief_on_disk_is_the_one_that_was_given(firm: Firm) -> None:
    opened(firm, "c1")
    kept = json.loads((firm.root / ".onefirm" / "brief.json").read_text())
    assert kept["text"].startswith("# Northlight Studio: Monday 2026-11-23")
    assert (firm.root / ".onefirm" / "brief.json").stat().st_mode & 0o777 == 0o600


def test_session_db_is_rebuilt_from_the_ledger_when_it_is_lost(firm: Firm) -> None:
    session = opened(firm, "c1")
    firm.records.get("T-1", By("claude", session))
    for suffix in ("", "-wal", "-shm"):
        (firm.root / ".onefirm" / f"session.db{suffix}").unlink(missing_ok=True)
    with open_firm(firm.root) as again:
        from onefirm.sessions import receipts

        assert receipts.all(str(again.root), session)["T-1"]["kind"] == "seen"


def test_what_a_pull_brings_of_another_client_stays_behind_the_wall(firm: Firm, truth: SlowTruth) -> None:
    firm.records.write([Change("create", kind="client", set={"title": "Acme"})], OPERATOR)
    session = identity.get(str(firm.root), opened(firm, "c1"))
    assert session
    seen = firm.behind(firm.day.declare_wall(session, "CL-1", OPERATOR))
    other = truth.add("client", title="Borealis")
    truth.add("project", title="Their secret", client=other)
    assert "Their secret" not in seen.day.brief().text
    assert "Borealis" not in str(seen.day.brief().changes)
    again = firm.behind(walls.of(str(firm.root), "c1"))
    truth.add("project", title="Another secret", client=other)
    firm.records.sync()
    assert [row.title for row in again.records.find(Query("project")).rows] == ["Shop"]
