"""One day in the demo firm, through the interfaces that a client and an operator have: hooks, MCP, command line.

Every line that the day tells was found true by the step that tells it; the first one that isn't ends the day.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onefirm.core.clock import SystemClock, iso
from onefirm.demo import damage
from onefirm.demo.client import Client, command
from onefirm.demo.telling import NotSo, Teller
from onefirm.demo.wire import ToolRefused

FILE = "context/clients/acme-rockets/launch-site/CLAUDE.md"
PLACE = "## Open threads\n\n"
MOVED = "- Moved to review: Jana has the booking path, and wants to watch two students with it herself.\n"
DONE = "- The launch site is done, and Jana is happy.\n"
WHY = "Jana asked to watch before she signs."
CLOSED_WITHIN_S = 30.0


@dataclass(slots=True)
class Day:
    """What the steps hand on. Copies are made in `place`; `began` is ISO; `said` keeps refs and ids by name."""

    root: Path
    place: Path
    teller: Teller
    clients: ExitStack
    began: str
    said: dict[str, str] = field(default_factory=dict[str, str])

    def so(self, condition: object, line: str, otherwise: object = "") -> None:
        """Tell a line that is true. Raises NotSo."""
        self.teller.so(condition, line, otherwise)

    def quote(self, text: str, most: int = 12) -> None:
        """Tell what a program said."""
        self.teller.quote(text, most)

    def client(self) -> Client:
        """A new session of a client; whatever happens, it is gone when the day is over."""
        client = Client(self.root)
        self.clients.callback(client.kill)
        return client

    def onefirm(self, *arguments: str, root: Path | None = None) -> Any:
        """A command of the operator and its JSON; raises NotSo when it fails otherwise than by finding something."""
        done = command(root or self.root, *arguments, "--json")
        if not done.stdout.strip():
            raise NotSo(f"`onefirm {' '.join(arguments)}` ended with {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)


Later = tuple[str, Callable[["Day"], None]]
"""A step after the first session, with its title."""


def live(root: Path, place: Path, teller: Teller, rest: Sequence[Later]) -> None:
    """Live a first session in a demo firm that was just made, then the `rest`. Raises NotSo at the first thing that
    isn't as it should be.
    """
    with ExitStack() as clients:
        day = Day(root, place, teller, clients, iso(SystemClock().now()))
        client = day.client()
        for title, step in MORNING:
            lived(teller, title, lambda step=step: step(day, client))
        for title, later in rest:
            lived(teller, title, lambda later=later: later(day))


def lived(teller: Teller, title: str, step: Callable[[], None]) -> None:
    """Live one step and tell it. Raises NotSo, also for what a tool refused or a program didn't end."""
    with teller.step(title):
        try:
            step()
        except ToolRefused as refused:
            raise NotSo(f"a tool refused: {refused}") from refused
        except subprocess.TimeoutExpired as late:
            raise NotSo(f"no end in {late.timeout:.0f} s: {' '.join(map(str, late.cmd))}") from late


# -- the first session -------------------------------------------------------------------------------------------------


def _starts(day: Day, client: Client) -> None:
    brief = client.start()
    day.so("## Where things stand" in brief, "the session-start hook put the brief before Claude", brief)
    day.so("## Changed since the last close" in brief, "it says what changed since the last close, and by whom")
    day.quote(brief, 8)


def _refused(day: Day, client: Client) -> None:
    before = _text(day)
    reason = client.edit(FILE, PLACE, PLACE + MOVED)
    day.so('record_get {"refs":["P-1"]}' in reason, "the edit was refused, and told which call to make", reason)
    day.so(_text(day) == before, "the file is as it was")
    day.quote(reason)


def _written(day: Day, client: Client) -> None:
    found = row(client.call("record_get", refs=["P-1"]))
    day.so(found["status"] == "delivery", f"looked: P-1 {found['title']} is in {found['status']}", found)
    reason = client.edit(FILE, PLACE, PLACE + MOVED)
    day.so(
        "the truth says delivery" in reason,
        "the same edit is refused still: the record doesn't say review",
        reason,
    )
    change = {"op": "update", "ref": "P-1", "set": {"status": "review"}, "if_match": found["etag"]}
    written = row(client.call("record_write", changes=[change], reason=WHY))
    day.so(written["receipt"] == "written", "the record was written first: P-1 is in review", written)
    reason = client.edit(FILE, PLACE, PLACE + MOVED)
    day.so(not reason, "now the very same edit passes", reason)
    day.so(MOVED in _text(day), "and the file says why")


def _contradicted(day: Day, client: Client) -> None:
    reason = client.edit(FILE, PLACE, PLACE + DONE)
    day.so("the truth says review" in reason, "an edit that says otherwise than the record was refused", reason)
    day.so(DONE not in _text(day), "the file doesn't say it")


def _decided(day: Day, client: Client) -> None:
    made = client.call(
        "decision_record",
        what="Two students try the booking path before anybody signs",
        why=WHY,
        alternatives=["sign first, mend later"],
        about=["P-1"],
    )
    ref = day.said["decision"] = str(row(made)["ref"])
    listed = day.onefirm("decision", "list", "--about", "P-1", "--standing")["rows"]
    day.so(listed[0]["ref"] == ref, f"{ref} stands, with its reason and what was decided against", listed[:1])
    day.said["decision event"] = str(listed[0]["event_id"])
    told = json.dumps(day.onefirm("ledger", "trace", ref))
    day.so(WHY.rstrip(".") in told and "sign first, mend later" in told, "its trace, in one screen:", told)
    day.quote(command(day.root, "ledger", "trace", ref, columns=day.teller.inside).stdout)


def _learned(day: Day, client: Client) -> None:
    made = client.call(
        "lesson_record",
        rule="Before asking for a signature, watch two strangers try it.",
        why=WHY,
        about=["P-1"],
    )
    ref = str(row(made)["ref"])
    candidates = [lesson["ref"] for lesson in day.onefirm("lesson", "list", "--status", "candidate")["rows"]]
    day.so(ref in candidates, f"{ref} is a candidate; it hardens elsewhere, or on your word", candidates)


def _undone(day: Day, client: Client) -> None:
    task = _first_task(client, "P-1")
    change = {"op": "update", "ref": task["ref"], "set": {"priority": "low", "title": "The wrong task"}}
    client.call("record_write", changes=[change])
    day.so(record(day, task["ref"])["title"] == "The wrong task", f"{task['ref']} was changed by mistake")
    client.call("record_undo", target=task["ref"], reason="wrong task")
    now = record(day, task["ref"])
    day.so(now["title"] == task["title"], f"undone: {task['ref']} is “{now['title']}” again", now)


def _ends(day: Day, client: Client) -> None:
    blocked = client.stop()
    day.so(not blocked, "Stop finds every edit of this session covered by a receipt", blocked)
    client.end()
    closed = wait_for_close(day, 1)
    head = str(closed["payload"]["head"])
    message = _git(day.root, "log", "-1", "--format=%B", "--", FILE)
    day.so(
        "Ledger-Head: " in message,
        "the close went on after the hook, and committed the narrative",
        message,
    )
    day.said["anchor"] = message.partition("Ledger-Head: ")[2].split()[0]
    same_chain = day.said["anchor"].split(":")[0] == head.split(":")[0]
    day.so(same_chain, "the commit's message anchors the ledger's head", day.said["anchor"])


# -- a death, a morning, an audit --------------------------------------------------------------------------------------


def killed(day: Day) -> None:
    """A session ends without its hook, and a change is made outside of any."""
    client = day.client()
    brief = client.start()
    day.so("## Changed" not in brief, "a second session starts: nothing has changed since the close", brief)
    task = _first_task(client, "P-6")
    client.call("record_write", changes=[{"op": "update", "ref": task["ref"], "set": {"status": "done"}}])
    client.kill()
    day.said["claude's"] = task["ref"]
    sessions = day.onefirm("session", "list")
    dead = [session["session"] for session in sessions if not session["alive"]]
    day.so(len(dead) == 1, f"Claude set {task['ref']} to done, then the battery died: no hook ran", sessions)
    day.said["dead"] = dead[0]
    postponed = day.onefirm("record", "update", "P-4", "due=2027-03-01", "--why", "the cold store rebuilds first")
    day.so(postponed[0]["receipt"] == "written", "in the evening you postponed P-4 from a terminal")


def _morning(day: Day) -> None:
    client = day.client()
    greeted(day, client)
    client.end()
    wait_for_close(day, 3)


def greeted(day: Day, client: Client, *elsewhere: str) -> None:
    """The start of the session after the killed one; `elsewhere` are refs of what others changed meanwhile."""
    brief = client.start()
    closed = _closes(day)[-1]
    day.so(
        (closed["session"], closed["payload"]["how"]) == (day.said["dead"], "died"),
        "the next start closed the session that had died",
        closed,
    )
    expected = {day.said["claude's"], "P-4", *closed["payload"]["next_actions"], *elsewhere}
    shown = {line.split()[1] for line in _changed(brief)}
    day.so(shown == expected, f"its brief shows exactly what changed: {', '.join(sorted(expected))}", brief)
    day.quote("\n".join(_changed(brief)))


def _tree_checked(day: Day) -> None:
    found = day.onefirm("context", "check")["faults"]
    places = day.onefirm("context", "map")
    day.so(found == [], f"the {len(places)} files of the context tree are clean", found)
    copied = damage.copy(day.root, day.place / "planted").parent.parent
    planted = damage.plant(copied)
    found = day.onefirm("context", "check", root=copied)["faults"]
    day.so(
        [(fault["path"], fault["line"], fault["rule"]) for fault in found] == planted,
        "in a copy, three faults were planted: a link to nothing, a fact told twice, a copied date. Each is named:",
        found,
    )
    day.quote("\n".join(f"{fault['path']}:{fault['line']} {fault['rule']}: {fault['what']}" for fault in found))


def verified(day: Day) -> None:
    """The chain holds, also against its anchors."""
    verdict = day.onefirm("ledger", "verify", "--anchor", "git")
    held = f"{verdict['entries']} entries, held against {verdict['anchors']} anchors in git"
    day.so(verdict["ok"], f"the ledger is whole: {held}", verdict)


def _byte_found(day: Day) -> None:
    database = damage.copy(day.root, day.place / "damaged")
    event = day.said["decision event"]
    was, now = damage.change_a_byte(database, event, "Two students")
    verdict = day.onefirm("ledger", "verify", root=database.parent.parent)
    first = verdict["findings"][0]
    day.so(
        not verdict["ok"] and first["event_id"] == event,
        f"in a copy, one byte was changed (“{was}” became “{now}”), and the entry is named:",
        verdict,
    )
    day.quote(first["sentence"])


def _tail_found(day: Day) -> None:
    database = damage.copy(day.root, day.place / "cut")
    copied = database.parent.parent
    count = damage.cut_the_tail(database, int(day.said["anchor"].split(":")[1]))
    alone = day.onefirm("ledger", "verify", root=copied)
    day.so(alone["ok"], f"in another copy the last {count} entries are gone; the rest alone looks whole", alone)
    held = day.onefirm("ledger", "verify", "--anchor", "git", root=copied)
    day.so(not held["ok"], "held against the anchors in git, the loss is named:", held)
    day.quote(held["findings"][0]["sentence"])


MORNING: tuple[tuple[str, Callable[[Day, Client], None]], ...] = (
    ("A session starts", _starts),
    ("Claude wants to write that the launch site moved on", _refused),
    ("State first, then narrative", _written),
    ("Claude claims too much", _contradicted),
    ("You decide", _decided),
    ("A lesson", _learned),
    ("A mistake", _undone),
    ("The session ends", _ends),
)
EVENING: tuple[Later, ...] = (
    ("The laptop dies", killed),
    ("The next morning", _morning),
)
AUDIT: tuple[Later, ...] = (
    ("Does the narrative hold?", _tree_checked),
    ("Is the ledger whole?", verified),
    ("Somebody changes one byte", _byte_found),
    ("Somebody cuts the tail", _tail_found),
)


# -- looking -----------------------------------------------------------------------------------------------------------


def row(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The first row of an answer in columns."""
    if "columns" in answer:
        return dict(zip(answer["columns"], answer["rows"][0], strict=True))
    return dict(answer)


def _first_task(client: Client, project: str) -> dict[str, Any]:
    wanted = {"project": project, "status": ["todo", "doing"]}
    return row(client.call("record_find", kind="task", where=wanted))


def record(day: Day, ref: str) -> Mapping[str, Any]:
    """A record's properties, as the command line gives them."""
    return day.onefirm("record", "get", ref)["props"]


def _text(day: Day) -> str:
    return (day.root / FILE).read_text(encoding="utf-8")


def _changed(brief: str) -> list[str]:
    """The lines of the brief's section of changes."""
    section = brief.partition("## Changed")[2].partition("\n\n")[0]
    return [line for line in section.splitlines() if line.startswith("- ")]


def _closes(day: Day) -> list[dict[str, Any]]:
    """The closes since this day began; the month before has its own."""
    closes = day.onefirm("ledger", "log", "--kind", "session.closed", "--limit", "5")
    return [event for event in closes if event["at"] > day.began]


def wait_for_close(day: Day, count: int) -> dict[str, Any]:
    """The close of the day's session with this number, which goes on after its hook. Raises NotSo."""
    end = time.monotonic() + CLOSED_WITHIN_S
    while len(closes := _closes(day)) < count:
        if time.monotonic() > end:
            raise NotSo(f"the session was not closed within {CLOSED_WITHIN_S:.0f} s")
        time.sleep(0.1)
    return closes[-1]


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=60, check=False).stdout
