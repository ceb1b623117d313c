"""A session is archived when it is closed: redacted, for as long as the operator wants, and behind the client wall."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from onefirm import settings, workspace
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.memory import transcripts
from onefirm.sessions import clock as instants
from onefirm.sessions import db, identity, walls
from onefirm.sessions import transcripts as files
from onefirm.state.records import Change
from support.clock import FixedClock

MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OPERATOR = By("operator", reason="as they asked")
TOKEN = "ghp_" + "a1" * 20  # no key of anybody


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MORNING)


@pytest.fixture
def firm(tmp_path: Path, clock: FixedClock) -> Iterator[Firm]:
    """A firm with three clients."""
    workspace.init(tmp_path / "firm", workspace.Wishes(firm="Northlight Studio"), clock)
    with open_firm(tmp_path / "firm", clock=clock) as firm:
        for title in ("Halvorsen Yards", "Borealis", "IBM"):
            firm.records.write([Change("create", kind="client", set={"title": title})], OPERATOR)
        yield firm


def lived(firm: Firm, *entries: dict[str, Any] | str, client_id: str = "client-1") -> str:
    """A session that has ended, with these lines in the client's own file."""
    root = str(firm.root)
    session = identity.start(root, client_id, "startup", root, None)
    path = firm.root.parent / f"{client_id}.jsonl"
    lines = [one if isinstance(one, str) else json.dumps({"timestamp": instants.iso(), **one}) for one in entries]
    path.write_text("\n".join(lines), encoding="utf-8")
    with db.writing(root) as conn:
        files.learn(conn, session, {"transcript_path": str(path)})
    identity.mark_ending(root, session)
    return session


def asked(text: str, **more: Any) -> dict[str, Any]:
    return {"message": {"role": "user", "content": text}, **more}


def done(tool: str, **given: Any) -> dict[str, Any]:
    call = {"type": "tool_use", "name": tool, "input": given}
    return {"message": {"role": "assistant", "content": [{"type": "text", "text": "Going on."}, call]}}


def close(firm: Firm, session: str) -> str:
    """The text that is archived of it."""
    firm.day.close(session)
    return firm.sources.text(firm.sources.find(kind="session")[0].ref)


def test_what_was_said_and_done_is_kept_and_can_be_replayed(firm: Firm) -> None:
    session = lived(
        firm,
        "no JSON, and cut",
        asked("what an older session said", timestamp="2020-01-01T00:00:00.000Z"),
        asked("Push it,\n\nplease"),
        asked("the client's own words", isMeta=True),
        asked("<command-name>/onefirm:start</command-name><command-args>acme</command-args>"),
        done("Bash", command="git push --force"),
        done("Edit", file_path=f"{firm.root}/context/a.md", old_string="x", new_string="Paid in full."),
        done("mcp__plugin_onefirm_firm__record_get", refs=["CL-1"], reason="look"),
        asked("word " * 2_000),
    )
    text = close(firm, session)
    assert text.startswith("> Push it,\n> \n> please\n\n> /onefirm:start acme\n\n< Going on.\n\n$ git push --force\n\n")
    assert not {"older", "own"} & set(text.split())
    assert "+ record_get reason look" in text
    assert list(transcripts.moments(text))[:4] == [
        {"text": "Push it,\n\nplease"},
        {"text": "/onefirm:start acme"},
        {"command": "git push --force"},
        {"path": "context/a.md", "text": "Paid in full."},
    ]
    assert [len(one) for one in text.split("\n\n")][-1] < 4_100
    with firm.store.read() as conn:
        [past] = [one for one in transcripts.past(conn) if one.session == session]
    assert {"command": "git push --force"} in past.moments
    assert firm.day.close(session) is None


def test_a_long_session_keeps_its_beginning_and_its_end_and_no_secret(firm: Firm) -> None:
    session = lived(firm, asked(f"use {TOKEN}"), *(asked(f"{n} " + "x" * 3_000) for n in range(60)))
    text = close(firm, session)
    assert text.startswith("> (left out: it held a GitHub token)\n\n> 0 x")
    assert TOKEN not in text
    assert "entries left out)" in text
    assert "> 59 x" in text
    assert len(text) <= transcripts.LONGEST + 200


@pytest.mark.row("NAR-09")
def test_an_archive_is_seen_by_sessions_for_its_client_only_and_goes_with_it(firm: Firm) -> None:
    for number, said in enumerate(("Write to Halvorsen", "Tidy", "what do halvorsen and ibm pay?")):
        firm.day.close(lived(firm, asked(said), client_id=f"client-{number}"))
    about = {firm.sources.text(one.ref): (one.ref, one.about) for one in firm.sources.find(kind="session")}
    assert [one for _, one in about.values()] == [("CL-1", "CL-3"), (), ("CL-1",)]  # the newest first
    seen = {
        ref: [one.ref for one in firm.behind(walls.put(str(firm.root), "three", ref, ref, ["CL", "PR"])).sources.find()]
        for ref in ("CL-1", "CL-2")
    }
    assert seen == {"CL-1": [about["> Write to Halvorsen"][0]], "CL-2": []}
    firm.records.write([Change("archive", ref="CL-1")], OPERATOR)
    firm.day.erase("CL-1", OPERATOR)
    assert [one.text_is for one in firm.sources.find(about="CL-1")] == ["erased"] * 2


def test_people_and_work_are_known_by_what_tells_them_in_whatever_case(firm: Firm) -> None:
    made = [("contact", {"title": "Ida Brandt", "client": "CL-1"}), ("contact", {"title": "Lena Park"}),
            ("contact", {"title": "Tom Berg"}), ("contact", {"title": "Ada Berg"}),
            ("project", {"title": "Harbour Site", "client": "CL-2"}), ("project", {"title": "Website"})]  # fmt: skip
    firm.records.write([Change("create", kind=kind, set=dict(given)) for kind, given in made], OPERATOR)
    said = {
        "Call Brandt back, BERG too": ("CN-1",), "where is the car park of our website": (),
        "the harbour site": ("P-1",), "ask lena park, then cn-3": ("CN-2", "CN-3"), "Is (erased) what it says?": (),
    }  # fmt: skip
    firm.records.write([Change("archive", ref="CL-3")], OPERATOR)
    firm.day.erase("CL-3", OPERATOR)
    for number, text in enumerate(said):
        firm.day.close(lived(firm, asked(text), client_id=f"client-{number}"))
    about = {firm.sources.text(one.ref): one.about for one in firm.sources.find(kind="session")}
    assert about == {f"> {text}": refs for text, refs in said.items()}


def test_of_more_clients_than_an_archive_is_about_each_takes_it_along(firm: Firm) -> None:
    titles = [f"Yard{number}" for number in range(4, 25)]
    firm.records.write([Change("create", kind="client", set={"title": title}) for title in titles], OPERATOR)
    for number, text in enumerate((" ".join(titles), "Tidy up")):
        firm.day.close(lived(firm, asked(text), client_id=f"client-{number}"))
    assert [len(one.about) for one in firm.sources.find(kind="session")] == [0, 20]
    firm.records.write([Change("archive", ref="CL-9")], OPERATOR)
    assert "CL-9" not in firm.sources.get("SRC-1").about
    firm.day.erase("CL-9", OPERATOR)
    assert [one.text_is for one in firm.sources.find(kind="session")] == ["here", "erased"]


def test_an_archive_vanishes_when_its_days_are_over_and_none_is_made_where_it_is_off(
    firm: Firm, clock: FixedClock
) -> None:
    close(firm, lived(firm, asked("Remember me"), client_id="one"))
    path = firm.root / settings.FILE
    path.write_text(path.read_text(encoding="utf-8") + "sessions:\n  archive: off\n", encoding="utf-8")
    clock.advance(days=31)
    with open_firm(firm.root, clock=clock) as later:
        later.day.close(lived(later, asked("And me"), client_id="two"))
        assert [one.text_is for one in later.sources.find(kind="session")] == ["expired"]
        with later.store.read() as conn:
            assert not list(transcripts.past(conn))
        assert not later.recall.recall("remember").hits


def test_of_a_command_that_failed_the_end_of_what_it_said_is_kept_and_of_a_refused_one_nothing(firm: Firm) -> None:
    def call(ident: str, command: str) -> dict[str, Any]:
        block = {"type": "tool_use", "id": ident, "name": "Bash", "input": {"command": command}}
        return {"message": {"role": "assistant", "content": [block]}}

    def result(ident: str, text: str, *, is_error: bool = True) -> dict[str, Any]:
        block = {"type": "tool_result", "tool_use_id": ident, "content": text, "is_error": is_error}
        return {"message": {"role": "user", "content": [block]}}

    session = lived(
        firm, call("a", "npm test\n"), result("a", "Exit code 1\nlong\n1 failing"),
        call("b", "git push"), result("b", "onefirm: the command was not run."),
        call("c", "ls"), result("c", "Exit code 0 is in a file", is_error=False),
        call("d", "npm ci"), result("d", "Exit code 1\nnpm error code ECONNRESET\nnpm error\nA complete log is in x"),
    )  # fmt: skip
    text = close(firm, session)
    assert text.startswith("$ npm test\n\n! npm test\n! 1 failing\n\n$ git push\n\n$ ls\n\n")
    assert text.endswith("! npm ci\n! npm error code ECONNRESET")
    with firm.store.read() as conn:
        failed = next(iter(transcripts.failures(conn)))
    assert (failed.session, failed.command, failed.said) == (session, "npm test", "1 failing")
