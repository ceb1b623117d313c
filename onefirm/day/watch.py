"""Keeping the index and the check right while files change, by whatever program."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Generator
from contextlib import nullcontext
from dataclasses import dataclass, replace

from onefirm.day import context
from onefirm.day.planes import Planes
from onefirm.ledger.events import Head
from onefirm.narrative import files
from onefirm.narrative.events import Events
from onefirm.narrative.faults import Fault
from onefirm.narrative.files import ContextFile
from onefirm.narrative.index import Index
from onefirm.narrative.lint import Check
from onefirm.sessions import walk
from onefirm.state import schema

# Events may be lost: on network disks, behind links, when the system has too many. So everything is looked at anyway,
# which costs one stat a file.
EVERY_S, POLL_S = 30.0, 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found that the one before didn't, and what it didn't find again. `standing` counts all faults;
    `why_not` says once why the system gives no events.
    """

    appeared: tuple[Fault, ...]
    gone: tuple[Fault, ...]
    files: int
    standing: int
    why_not: str = ""


def follow(planes: Planes, *, is_polling: bool = False, signs: Events | None = None) -> Generator[Look]:
    """The first look, then each one that finds something else than the one before; endless.

    `is_polling`: look every two seconds instead of waiting for events.
    """
    watch, signs, told = Watch(planes), signs or Events(planes.root), ""
    with nullcontext() if is_polling else signs:
        while True:
            signs.follow(watch.folders())  # before the look: what changes from here on is a sign
            found = watch.look()
            if found or signs.why_not != told:
                why_not, told = signs.why_not if signs.why_not != told else "", signs.why_not
                yield replace(found or watch.same(), why_not=why_not)
            signs.wait(POLL_S if is_polling or told else EVERY_S)


class Watch:
    """The files as they were at the last look, and what was wrong then. A file that didn't change is neither read nor
    compared again.
    """

    def __init__(self, planes: Planes) -> None:
        self._planes = planes
        self._known: dict[str, tuple[walk.Stat, ContextFile | None]] = {}
        self._heads: list[Head] | None = None
        self._check = Check()
        self._faults: list[Fault] = []

    def look(self) -> Look | None:
        """What has changed; None where no file and no record did, or nothing that is told."""
        is_first = self._heads is None
        if not self._has_moved():
            return None
        index = Index(file for _, file in self._known.values() if file)
        before, self._faults = self._faults, self._check.faults(index, context.world(self._planes))
        appeared, gone = _beyond(self._faults, before), _beyond(before, self._faults)
        if is_first:
            # What is kept from here on would be searched for garbage again and again, for longer than a look takes.
            gc.freeze()
        found = Look(appeared, gone, len(index.files), len(self._faults))
        return found if is_first or appeared or gone else None

    def same(self) -> Look:
        """How it stands, with nothing new."""
        return Look((), (), sum(file is not None for _, file in self._known.values()), len(self._faults))

    def folders(self) -> set[str]:
        """The folders at the top of the workspace that hold context files."""
        held = (path.partition("/") for path, (_, file) in self._known.items() if file)
        return {files.FOLDER.rstrip("/")} | {folder for folder, slash, _ in held if slash}

    def _has_moved(self) -> bool:
        """Read what changed of files, records and schema; whether anything did."""
        root, known = self._planes.root, self._known
        stats = dict(sorted(walk.files(str(root))))
        has_moved = {path: stat for path, (stat, _) in known.items()} != stats
        self._known = {
            path: known[path] if path in known and known[path][0] == stat else (stat, files.one(root, path, stat))
            for path, stat in stats.items()
        }
        with self._planes.store.read() as conn:
            heads = self._planes.ledger.heads(conn)
            if heads != self._heads and (current := schema.current(conn)):
                self._planes = replace(self._planes, schema=current)
        has_moved, self._heads = has_moved or heads != self._heads, heads
        return has_moved


def _beyond(some: list[Fault], others: list[Fault]) -> tuple[Fault, ...]:
    """Those of some faults that aren't among others; one that only went to another line is."""
    left = Counter(map(_key, others))
    found: list[Fault] = []
    for fault in some:
        if left[_key(fault)]:
            left[_key(fault)] -= 1
        else:
            found.append(fault)
    return tuple(found)


def _key(fault: Fault) -> tuple[str, str, str]:
    # What a budget is over by changes with every word that is written.
    what = re.sub(r"\d[\d,]*", "", fault.what) if fault.rule == "budget" else fault.what
    return fault.path, fault.rule, what
