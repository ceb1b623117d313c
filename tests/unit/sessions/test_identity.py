"""The table of `identity`: what each kind of start means for the session, its parent and its receipts."""

import os
import subprocess
import sys

import pytest

from onefirm.sessions import identity, projection, receipts

HERE = "/firm"


def saw(root: str, session: str, ref: str = "P-1") -> None:
    seq = max(projection.watermarks(root).values(), default=0) + 1
    event = {
        "chain_id": "c",
        "seq": seq,
        "id": f"e{seq}",
        "at": f"2026-11-20T10:00:{seq:02d}.000000Z",
        "actor": "claude",
        "session": session,
        "kind": "record.seen",
        "subjects": [ref],
        "payload": {"kind": "project", "title": "x", "etag": "v1"},
    }
    projection.apply(root, [event], "c")


def start(root: str, client: str = "a", source: str = "startup", pid: int | None = None, **more: object) -> str:
    return identity.start(root, client, source, HERE, os.getpid() if pid is None else pid, **more)  # type: ignore[arg-type]


def test_a_session_id_is_ours_and_not_the_clients(root: str) -> None:
    session = start(root, client="0f1e-client")
    assert session.startswith("S-")
    assert len(session) == 14
    assert "0f1e" not in session


def test_startup_begins_a_new_session_without_receipts(root: str) -> None:
    first = start(root, "a")
    saw(root, first)
    second = start(root, "b")
    assert first != second
    assert receipts.all(root, second) == {}


def test_a_start_hook_that_runs_twice_names_one_session(root: str) -> None:
    assert start(root, "a") == start(root, "a")


def test_startup_of_a_known_client_id_in_another_process_is_new(root: str) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert start(root, "a") != start(root, "a", pid=other.pid)
    finally:
        other.communicate(b"\n")


def test_resume_of_an_open_session_keeps_it_and_its_receipts(root: str) -> None:
    session = start(root, "a")
    saw(root, session)
    assert start(root, "a", "resume") == session
    assert "P-1" in receipts.all(root, session)


@pytest.mark.parametrize("end", [identity.mark_ending, identity.mark_closed])
def test_resume_after_the_end_is_a_new_session_that_knows_its_parent(root: str, end) -> None:
    session = start(root, "a")
    saw(root, session)
    end(root, session)
    resumed = start(root, "a", "resume")
    assert resumed != session
    assert identity.get(root, resumed)["parent"] == session
    assert receipts.all(root, resumed) == {}


def test_clear_ends_the_previous_session_of_the_same_client_process(root: str) -> None:
    session = start(root, "a")
    saw(root, session)
    cleared = start(root, "b", "clear")
    assert identity.get(root, cleared)["parent"] == session
    assert identity.get(root, session)["state"] == "ending"
    assert receipts.all(root, cleared) == {}


def test_clear_finds_its_parent_after_the_end_hook_ran(root: str) -> None:
    session = start(root, "a")
    identity.mark_ending(root, session, "clear")
    assert identity.get(root, start(root, "b", "clear"))["parent"] == session


def test_clear_does_not_end_another_process_session_in_the_same_folder(root: str) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        foreign = start(root, "other", pid=other.pid)
        cleared = start(root, "b", "clear")
        assert identity.get(root, cleared)["parent"] is None
        assert identity.get(root, foreign)["state"] == "open"
    finally:
        other.communicate(b"\n")


def test_compact_keeps_the_session_and_its_receipts(root: str) -> None:
    session = start(root, "a")
    saw(root, session)
    assert start(root, "a", "compact") == session
    assert "P-1" in receipts.all(root, session)


def test_fork_is_a_new_session_of_unknown_parent(root: str) -> None:
    start(root, "a")
    forked = start(root, "b", "fork")
    assert identity.get(root, forked)["parent"] is None
    assert receipts.all(root, forked) == {}


def test_a_parent_that_the_caller_knows_is_kept(root: str) -> None:
    session = start(root, "a")
    assert identity.get(root, start(root, "b", "fork", parent_hint=session))["parent"] == session


def test_bind_gives_the_open_session_of_a_client_or_makes_one(root: str) -> None:
    session = start(root, "a")
    assert identity.bind(root, "a") == session
    made = identity.bind(root, "never-announced")
    assert identity.of_client(root, "never-announced") == made


def test_a_start_takes_over_the_session_that_the_server_bound_before_it(root: str) -> None:
    bound = identity.bind(root, "a")
    assert start(root, "a") == bound
    assert identity.get(root, bound)["source"] == "startup"


def test_an_ended_session_is_nobodys_current_one(root: str) -> None:
    session = start(root, "a")
    identity.mark_ending(root, session)
    assert identity.of_client(root, "a") is None
    assert identity.bind(root, "a") != session


def test_several_sessions_live_side_by_side_in_one_folder(root: str) -> None:
    sessions = [start(root, name) for name in "abc"]
    assert [one["session"] for one in identity.open_sessions(root)] == sessions
    assert all(one["alive"] for one in identity.open_sessions(root))


def dead_pid() -> int:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


def test_a_session_whose_process_is_gone_is_to_be_closed(root: str) -> None:
    session = start(root, "a", pid=dead_pid())
    alive = start(root, "b")
    assert [one["session"] for one in identity.to_close(root)] == [session]
    assert alive not in [one["session"] for one in identity.to_close(root)]


def test_a_process_id_given_to_another_process_does_not_keep_a_session_alive() -> None:
    assert identity.is_alive(os.getpid(), None)
    assert identity.is_alive(os.getpid(), identity._birth(os.getpid()))
    assert not identity.is_alive(os.getpid(), "1")


def test_a_session_without_a_process_dies_of_a_days_silence(root: str) -> None:
    session = identity.bind(root, "a", now=1_000_000.0)
    assert [one["session"] for one in identity.to_close(root)] == [session]
    fresh = identity.bind(root, "b")
    assert fresh not in [one["session"] for one in identity.to_close(root)]


def test_resume_revives_a_session_whose_process_died(root: str) -> None:
    session = start(root, "a", pid=dead_pid())
    assert start(root, "a", "resume") == session
    assert identity.to_close(root) == []


def test_a_close_is_claimed_by_one_worker_until_its_lease_ends(root: str) -> None:
    session = start(root, "a")
    identity.mark_ending(root, session)
    assert identity.claim_close(root, session, 60, now=1000.0)
    assert not identity.claim_close(root, session, 60, now=1059.0)
    assert identity.claim_close(root, session, 60, now=1061.0)


def test_a_claimed_close_is_not_offered_to_others(root: str) -> None:
    session = start(root, "a")
    identity.mark_ending(root, session)
    identity.claim_close(root, session, 60)
    assert identity.to_close(root) == []
    identity.release_close(root, session)
    assert [one["session"] for one in identity.to_close(root)] == [session]


def test_a_closed_session_is_closed_once_and_for_all(root: str) -> None:
    session = start(root, "a")
    identity.mark_closed(root, session)
    assert not identity.claim_close(root, session, 60)
    assert identity.get(root, session)["state"] == "closed"
    assert identity.to_close(root) == []
