"""What is live, broken, off or stale, each with the command that fixes it.

`surroundings` has the checks that need no database; here are those that read it, and the order in which all are told.
A check is a function to findings. One that fails is told as broken, and the others go on.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from onefirm.core.clock import Clock, iso
from onefirm.core.errors import FirmError, InvalidInput
from onefirm.day import (
    anchoring,
    brief,
    checks,
    context,
    erase,
    hooks,
    lessons,
    schema,
    service,
    snapshots,
    surroundings,
    wiring,
)  # fmt: skip
from onefirm.day.planes import Planes
from onefirm.day.surroundings import MEND, Finding, Level, counted, read_json
from onefirm.ledger.sentences import local_time
from onefirm.ledger.verify import verify
from onefirm.memory import faults
from onefirm.memory.vectors.vectors import NONE
from onefirm.narrative.compile import compile_guard
from onefirm.sessions import db, hatch, switches
from onefirm.sessions.paths import told
from onefirm.state.artifacts import FOLDER, Artifacts, Damaged
from onefirm.store import inbox

__all__ = ["Finding", "Level", "examine", "examine_outside"]
_MOST_FILES = 5
_SNAPSHOT_DUE_S = 2 * 86_400  # a session may be open for a day


def examine(planes: Planes) -> list[Finding]:
    """Run every check."""
    outside = examine_outside(planes.root, planes.clock, planes.rules.timezone)
    inside = [finding for check in CHECKS for finding in _ran(check.__name__, partial(check, planes))]
    return [*outside, *inside]


def examine_outside(root: Path, clock: Clock, timezone: str = "UTC") -> list[Finding]:
    """Run the checks that need no database; times are told in this zone."""
    found = [one for check in surroundings.CHECKS for one in _ran(check.__name__, partial(check, root, clock))]
    return [*found, *_ran("hooks", partial(hooks.examine, root, clock, timezone))]


def _ran(name: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    area = name.strip("_")
    try:
        yield from list(check())
    except FirmError as error:
        yield Finding("broken", area, error.message, "" if "onefirm doctor" in error.hint else error.hint)
    except db.Lost as error:
        yield Finding("broken", area, f"session.db can't be used: {error}", MEND)
    except (OSError, sqlite3.Error, ValueError, KeyError) as error:
        yield Finding("broken", area, f"the check failed: {error}", "check the disk and the file's permissions")


def _ledger(planes: Planes) -> Iterator[Finding]:
    with planes.store.read() as conn:
        try:
            kept, why = anchoring.of_commits(planes.root, conn, planes.ledger), ""
        except FirmError as error:
            kept, why = anchoring.Kept(()), error.message
        verdict = verify(conn, kept.heads)
    if why:
        yield Finding("warn", "ledger", f"its anchors in git can't be read: {why}", "git -C . log")
    if verdict.ok:
        held = f", held against {counted(len(kept.heads), 'anchor')} in git up to {anchoring.reach(kept.heads)}"
        against = held if kept.heads else ", no anchor in git"
        whole = f"{counted(verdict.entries, 'entry', 'entries')} in {counted(verdict.chains, 'chain')}, whole{against}"
        yield Finding("ok", "ledger", whole)
        yield from (Finding("ok", "ledger", told.rstrip(".")) for told in kept.passed_over)
    for finding in verdict.findings:
        cut = finding.problem in ("tail_cut", "rewritten")
        restored = "if a backup was put back, say so: onefirm doctor --restored"
        yield Finding("broken", "ledger", finding.sentence, restored if cut else "onefirm ledger verify --anchor git")
    for ref in erase.unfinished(planes):
        what = f"words of {ref} are left: erasing it was cut short, or another program was at the files"
        yield Finding("warn", "ledger", what, f"onefirm ledger erase {ref} --why …")


def _truth(planes: Planes) -> Iterator[Finding]:
    waiting = planes.records.pending()
    with planes.store.read() as conn:
        questions = inbox.open_items(conn)
    if waiting:
        wait = f"{counted(len(waiting), 'write waits', 'writes wait')} for the truth"
        yield Finding("warn", "truth", wait, "onefirm sync")
    if questions:
        wait = f"{counted(len(questions), 'question waits', 'questions wait')} for your decision"
        yield Finding("warn", "inbox", wait, "; ".join(dict.fromkeys(map(brief.asks, questions[:_MOST_FILES]))))
    if not waiting and not questions:
        yield Finding("ok", "truth", "nothing waits")


def _guard(planes: Planes) -> Iterator[Finding]:
    if surroundings.guard_is_missing(planes.root):
        return  # told already
    path = planes.root / ".onefirm" / "guard.json"
    if read_json(path) != json.loads(json.dumps(compile_guard(planes.schema.to_dict()))):
        yield Finding("broken", "guard", "guard.json doesn't fit the schema; narrative edits are judged wrongly", MEND)
        return
    with db.reading(str(planes.root)) as conn:
        lifted = hatch.active(conn, planes.clock.now().timestamp())
    if planes.plugin and (wrong := hooks.held(planes.plugin, path)):
        yield wrong
    elif lifted:
        yield Finding("off", "guard", f"lifted by {lifted['by']}: {lifted['why']}", "onefirm guard on")
    else:
        yield Finding("ok", "guard", f"compiled from schema {planes.schema.version}, and it denies")


def _schema(planes: Planes) -> Iterator[Finding]:
    """Whether the kinds in force are those that the operator's files and this onefirm have."""
    try:
        steps = schema.diff(planes.root, planes.records).steps
    except InvalidInput:
        yield Finding("warn", "schema", "the files in schema/ have mistakes", "onefirm schema check")
        return
    if steps:
        what = f"{counted(len(steps), 'change')} of schema/ or of this onefirm not yet in force"
        yield Finding("warn", "schema", what, "onefirm schema diff")
    else:
        yield Finding("ok", "schema", f"version {planes.schema.version} is in force, as the files have it")


def _narrative(planes: Planes) -> Iterator[Finding]:
    """What `context check` finds, in one line."""
    faults = context.check(planes)
    if faults:
        files = counted(len({fault.path for fault in faults}), "file")
        what = f"{counted(len(faults), 'fault')} in {files} of the context tree"
        yield Finding("warn", "narrative", what, "onefirm context check")
    else:
        yield Finding("ok", "narrative", "the context tree is clean")


def _lessons(planes: Planes) -> Iterator[Finding]:
    """The rules that hardened lessons became."""
    root, check = planes.root, planes.secrets_check
    rules = lessons.plan(planes.lessons.every(), lambda: lessons.places(root), check)
    found = lessons.compare(root, rules.texts)
    if found.stale:
        what = f"{lessons.FOLDER} is older than the lessons: {', '.join(found.stale[:_MOST_FILES])}"
        yield Finding("warn", "rules", what, "onefirm session close")
    for name in map(told, found.foreign):
        what = f"{lessons.FOLDER}/{name} is not onefirm's and keeps a rule from being written"
        yield Finding("warn", "rules", what, f"move it up: mv {lessons.FOLDER}/{name} .claude/rules/")
    if rules.left_out:
        budget = f"{lessons.BUDGET_TOKENS:,} tokens that every session reads; recall still finds them"
        what = f"{', '.join(rules.left_out)} {'does not' if len(rules.left_out) == 1 else 'do not'} fit in the {budget}"
        yield Finding("warn", "rules", what, f"onefirm lesson decide {rules.left_out[-1]} retire")
    if rules.texts and not found.stale:
        yield Finding("ok", "rules", f"{counted(len(rules.texts), 'file')} in {lessons.FOLDER}")


def _memory(planes: Planes) -> Iterator[Finding]:
    """Whether what is known still agrees with the ledger and with the texts that it quotes."""
    with planes.store.read() as conn:
        found = list(faults.faults(conn, planes.ledger))
        known = faults.held(conn)
    yield from (Finding("broken", "memory", one.why, _mended(planes, one)) for one in found[:_MOST_FILES])
    if len(found) > _MOST_FILES:
        yield Finding("broken", "memory", f"{len(found) - _MOST_FILES} more of memory don't agree")
    if not found and known:
        yield Finding("ok", "memory", f"{counted(known, 'fact or source', 'facts and sources')}, as the ledger tells")


def _mended(planes: Planes, one: faults.Fault) -> str:
    if one.is_copy:
        return MEND
    return f"put a backup back, or erase it and archive it again: onefirm ledger erase {one.ref}"


def _snapshot(planes: Planes) -> Iterator[Finding]:
    """How old the newest snapshot of memory is."""
    now = snapshots.standing(planes)
    if now is None:
        return  # nothing is known yet, or nothing was closed
    at = local_time(iso(datetime.fromtimestamp(now.at, UTC)), planes.rules.timezone)
    if now.is_outdated:
        yield Finding(
            "warn", "snapshot", "the repository of memory knows what was erased since", "onefirm memory snapshot"
        )
    elif now.behind and planes.clock.now().timestamp() - now.at > _SNAPSHOT_DUE_S:
        behind = counted(now.behind, "entry has", "entries have")
        yield Finding(
            "warn", "snapshot", f"{behind} come to memory since its snapshot of {at}", "onefirm memory snapshot"
        )
    else:
        yield Finding("ok", "snapshot", f"{counted(now.commits, 'snapshot')} of memory in git, the last of {at}")


def _artifacts(planes: Planes) -> Iterator[Finding]:
    """Whether every artifact still is what was added."""
    room = Artifacts(planes.root, planes.records)
    damaged = list(room.examine())
    yield from (_damaged(planes, one) for one in damaged[:_MOST_FILES])
    if len(damaged) > _MOST_FILES:
        yield Finding("warn", "artifacts", f"{len(damaged) - _MOST_FILES} more files of artifacts are not as they were")
    if not damaged and (known := room.find()):
        yield Finding("ok", "artifacts", f"{counted(len(known), 'file')} in {FOLDER}, each as it was added")


def _damaged(planes: Planes, one: Damaged) -> Finding:
    place = one.path.relative_to(planes.root)
    if one.artifact is None:
        what = f"{place} belongs to no artifact: an add that was cut off, or a database that was put back"
        return Finding(
            "warn", "artifacts", what, f"onefirm artifact add {place} --about REF --name NAME; or: rm {place}"
        )
    named = f"{one.artifact.ref} “{told(one.artifact.name)}”"
    if one.damage == "elsewhere":
        what = f"{named} was added on another machine, and its file isn't here"
        return Finding("warn", "artifacts", what, f"copy {place} from there")
    verb = "is gone" if one.damage == "missing" else "was changed"
    again = f"onefirm artifact add FILE --about {one.artifact.about[0]}"
    fix = f"put it back from a backup, or add the same file again: {again}"
    return Finding("broken", "artifacts", f"the file of {named} {verb}: {place}", fix)


def _wiring(planes: Planes) -> Iterator[Finding]:
    """What changed of hooks, permissions and MCP servers since they were accepted, and whether hooks run at all."""
    if switch := switches.off(str(planes.root)):
        fix = "take it out, then start Claude Code again"
        yield Finding("off", "wiring", f"{switch}: no guard stands in this folder", fix)
    changed = wiring.changes(planes)
    for change in changed:
        what = f"{told(change.name)} {change.how}, outside of onefirm"
        yield Finding("warn", "wiring", what, "if that is right: onefirm doctor --accept", change.diff)
    if not changed:
        yield Finding("ok", "wiring", "hooks, permissions and MCP servers are as they were accepted")


def _service(planes: Planes) -> Iterator[Finding]:
    """Whether the service runs, where there ever was one."""
    now = service.standing(planes)
    if now.said is None:
        return
    at = local_time(now.said.at, planes.rules.timezone)
    if now.died:
        yield Finding("warn", "service", f"it ended without a word after {at}", "onefirm service run")
    elif not now.runs:
        yield Finding("off", "service", "it doesn't run; sessions pull by themselves", "onefirm service run")
    else:
        yield Finding("ok", "service", f"runs since {local_time(now.said.since, planes.rules.timezone)}")
        for beat in now.said.beats:
            if beat.fails:
                what = f"{beat.name} failed {counted(beat.fails, 'time')} in a row: {beat.trouble}"
                yield Finding("warn", "service", what, "onefirm service status")


def _vectors(planes: Planes) -> Iterator[Finding]:
    """Whether recall searches by meaning as it should, where a model is in use."""
    now = planes.vectors.standing() if planes.vectors else None
    if now is None or now.model == NONE:
        return
    if now.trouble:
        yield Finding("broken", "vectors", f"only words are searched: {now.trouble}", now.hint)
    elif now.lacking:
        what = f"{now.lacking:,} of {counted(now.passages, 'passage')} have no vector yet"
        yield Finding("warn", "vectors", what, "onefirm memory vectors fill")
    else:
        yield Finding("ok", "vectors", f"{now.model} has {counted(now.passages, 'passage')}")


CHECKS: tuple[Callable[[Planes], Iterable[Finding]], ...] = (
    _ledger, _truth, _schema, _artifacts, _guard, _wiring, _narrative, _lessons, checks.enforced, _memory, _snapshot,
    _vectors, _service,
)  # fmt: skip
