"""Artifacts: contracts, drafts and deliverables as files that never change, addressed by what they hold.

The bytes lie in `.onefirm/artifacts/`, a file for each sha256, made once. What they are and which records they belong
to is told by the ledger alone; narrative and records name the ref (`ART-3`) and hold nothing of the text.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from onefirm.core.attribution import By
from onefirm.core.credentials import ACCOUNT
from onefirm.core.errors import InvalidInput, NotFound, Refused, Unavailable
from onefirm.core.ids import parse_ref
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.state import history, values
from onefirm.state.records import Records
from onefirm.store.counters import next_number

FOLDER = ".onefirm/artifacts"
PREFIX = "ART"
LARGEST_BYTES = 50 * 1024 * 1024
_KINDS = ("artifact.",)
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_HASH = re.compile(r"[0-9a-f]{8,64}")
_LONGEST_NAME = 120
_UNFINISHED_S = 3600  # none is written for an hour

Damage = Literal["missing", "elsewhere", "changed", "unknown"]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file. `about` has the refs of its records; `chain_id` tells on which installation it was added."""

    ref: str
    name: str
    kind: str
    sha256: str
    size_bytes: int
    about: tuple[str, ...]
    at: str
    actor: str
    chain_id: str


@dataclass(frozen=True, slots=True)
class Added:
    """What became of an add: `linked` are the records that it was not linked to before."""

    artifact: Artifact
    is_new: bool
    linked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file that is not as it should be. `artifact` is None for one that no entry tells of."""

    damage: Damage
    path: Path
    artifact: Artifact | None


class Artifacts:
    """The firm's artifacts. A process may die anywhere in an add: the entry comes last, and the same add ends it."""

    def __init__(self, root: Path, records: Records) -> None:
        self._root = root
        self._records = records
        self._plane = records.plane

    # -- adding --------------------------------------------------------------------------------------------------------

    def add(
        self, file: Path, about: Sequence[str], by: By, *, kind: str = "document", name: str | None = None
    ) -> Added:
        """Keep what a file holds now, and link it to records.

        1. Read it once; check its size, its name and, in a text, every line for secrets.
        2. Write the bytes beside their place, whole.
        3. In one transaction: put them in their place, and enter it. Bytes that are known get no second entry; a
           record that they were not linked to is linked, and a file that was lost or changed is whole again.

        Raises InvalidInput, NotFound for a file or a record that isn't there, Refused for a secret, OSError when the
        disk refuses.
        """
        values.check_reason(self._plane.reading, by)
        word = kind.strip().lower()
        if not _KIND.fullmatch(word):
            raise InvalidInput(
                f"“{kind[:40]}” can't name a kind of artifact.", hint="Use one word: contract, proposal, deliverable."
            )
        if not about:
            raise InvalidInput("An artifact belongs to a record.", hint="Name one: --about PR-2.")
        refs = tuple(dict.fromkeys(self._records.get(ref, fresh=False).ref for ref in about))
        called = values.read_text(self._plane.reading, "name", name or file.name, longest=_LONGEST_NAME, one_line=True)
        data = self._read(file)
        with self._draft(data) as draft, self._plane.store.write() as conn:
            self._plane.step("drafted")
            added = self._enter(
                conn, data, draft, Artifact("", called, word, _sha256(data), len(data), refs, "", "", ""), by
            )
        self._plane.project()
        return added

    def _enter(self, conn: Connection, data: bytes, draft: Path, wanted: Artifact, by: By) -> Added:
        next_number(conn, PREFIX, 0)  # whoever adds or erases at the same time waits for this lock
        known = next((one for one in _load(conn, self._plane.ledger) if one.sha256 == wanted.sha256), None)
        sight = self._records.sight
        if known and not sight.sees(known.about):
            raise Refused(
                f"What {wanted.name} holds is kept for somebody else already, and this session is declared for"
                f" {sight.client}.",
                hint=sight.way_out,
            )
        place = self.path(wanted)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        draft.replace(place)
        _sync(place.parent)
        self._plane.step("placed")
        if known is None:
            return Added(self._append(conn, wanted, by), True, wanted.about)
        more = tuple(ref for ref in wanted.about if ref not in known.about)
        if more:
            told = {"ref": known.ref, "title": known.name, "kind": known.kind, "about": list(more)}
            self._plane.ledger.append(conn, "artifact.linked", told, subjects=(known.ref, *more), by=by)
        return Added(replace(known, about=(*known.about, *more)), False, more)

    def _append(self, conn: Connection, wanted: Artifact, by: By) -> Artifact:
        ref = f"{PREFIX}-{next_number(conn, PREFIX)}"
        told = {
            "ref": ref, "title": wanted.name, "kind": wanted.kind, "sha256": wanted.sha256,
            "size_bytes": wanted.size_bytes, "about": list(wanted.about),
        }  # fmt: skip
        event = self._plane.ledger.append(conn, "artifact.added", told, subjects=(ref, *wanted.about), by=by)
        return replace(wanted, ref=ref, at=event.at, actor=event.actor, chain_id=event.chain_id)

    def _read(self, file: Path) -> bytes:
        self._check_place(file)
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would be waited for
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise InvalidInput(f"{file} is no file.", hint="Name one file; put several into an archive first.")
        with open(handle, "rb") as source:  # noqa: PTH123
            data = source.read(LARGEST_BYTES + 1)
        if not data:
            raise InvalidInput(f"{file} is empty.", hint="Add it once something is in it.")
        if len(data) > LARGEST_BYTES:
            raise InvalidInput(
                f"{file} is larger than {size(LARGEST_BYTES)}, the most that an artifact may have.",
                hint="Keep it where large files are kept, and put its address into the record.",
            )
        self._check_secrets(file, data)
        return data

    def _check_place(self, file: Path) -> None:
        if not file.exists():
            raise NotFound(f"There is no file {file}.", hint="Name it as seen from the current folder.")
        hidden = (self._root / ".onefirm").resolve()
        if file.resolve().is_relative_to(hidden) and not file.resolve().is_relative_to(self._folder.resolve()):
            raise Refused(f"{file} is onefirm's own file.", hint="Add a file of yours.")

    def _check_secrets(self, file: Path, data: bytes) -> None:
        check, whole = self._plane.reading.secrets_check, _words_of(data)
        if whole is None or not (told := check(whole)):
            return
        lines = ((number, check(one)) for number, one in enumerate(whole.splitlines(), 1))
        # an invoice names an account, and is kept
        line, told = next((found for found in lines if found[1] not in (None, ACCOUNT)), (1, told))
        if told == ACCOUNT:
            return
        raise Refused(
            f"{file}:{line} holds {told}.", hint="An artifact can't be changed later: take the secret out first."
        )

    @contextmanager
    def _draft(self, data: bytes) -> Generator[Path]:
        """The bytes in a file of their own that nothing names yet; it is gone afterwards unless it was moved."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        before = time.time() - _UNFINISHED_S  # the clock that files are stamped by
        for old in self._folder.glob(".add-*"):  # of processes that were killed
            with suppress(FileNotFoundError):  # others add and clean up meanwhile
                if old.stat().st_mtime < before:
                    old.unlink()
        draft = self._folder / f".add-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o400), "wb") as file:  # noqa: PTH123
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield draft
        finally:
            draft.unlink(missing_ok=True)

    # -- reading -------------------------------------------------------------------------------------------------------

    def find(self, about: str | None = None, kind: str | None = None) -> list[Artifact]:
        """Artifacts, oldest first: all, or those of a record. Raises InvalidInput, Refused."""
        self._records.sight.check([about] if about else [])
        with self._plane.store.read() as conn:
            names = history.names(conn, about) if about else []
            found = _load(conn, self._plane.ledger)
        seen = [one for one in found if self._records.sight.sees(one.about)]
        return [one for one in seen if kind in (None, one.kind) and (not about or not set(names).isdisjoint(one.about))]

    def get(self, word: str) -> Artifact:
        """The artifact with this ref, or whose sha256 begins so. Raises NotFound, InvalidInput."""
        given = word.strip().lower()
        by_hash = _HASH.fullmatch(given) is not None
        ref = "" if by_hash else parse_ref(word)
        every = self.find()
        found = [one for one in every if (one.sha256.startswith(given) if by_hash else one.ref == ref)]
        if len(found) == 1:
            return found[0]
        if found:
            raise InvalidInput(f"“{given}” begins {len(found)} artifacts.", hint="Send more of the hash, or the ref.")
        raise NotFound(f"There is no artifact {ref or given}.", hint="`onefirm artifact list` shows what there is.")

    def read(self, artifact: Artifact) -> bytes:
        """Its bytes, checked. Raises Unavailable when they are gone, or no longer those that were added."""
        place = self.path(artifact)
        damage = self._damage(artifact)
        if damage is None:
            return place.read_bytes()
        told = {
            "missing": f"The file of {artifact.ref} “{artifact.name}” is gone: {place}.",
            "elsewhere": f"{artifact.ref} “{artifact.name}” was added on another machine, and its file isn't here.",
            "changed": f"{place} is no longer what was added as {artifact.ref} “{artifact.name}”.",
        }
        raise Unavailable(told[damage], hint="Add the same file again, or put it back from a backup.")

    def path(self, artifact: Artifact) -> Path:
        """Where its bytes lie."""
        return self._folder / artifact.sha256[:2] / artifact.sha256

    # -- what is wrong, what goes --------------------------------------------------------------------------------------

    def examine(self) -> Iterator[Damaged]:
        """Every file that is missing or changed, and those that no entry tells of; each is read."""
        known = self.find()
        for one in known:
            if damage := self._damage(one):
                yield Damaged(damage, self.path(one), one)
        places = {self.path(one) for one in known}
        for path in sorted(self._folder.glob("[0-9a-f][0-9a-f]/*")):
            if path not in places:
                yield Damaged("unknown", path, None)

    def drop(self, hashes: Iterable[str]) -> None:
        """Take away the files with these hashes that no entry tells of any more: it was erased."""
        with self._plane.store.write() as conn:
            next_number(conn, PREFIX, 0)  # nobody may be adding the same bytes meanwhile
            kept = {one.sha256 for one in _load(conn, self._plane.ledger)}
            for digest in set(hashes) - kept:
                (self._folder / digest[:2] / digest).unlink(missing_ok=True)

    def _damage(self, artifact: Artifact) -> Literal["missing", "elsewhere", "changed"] | None:
        try:
            data = self.path(artifact).read_bytes()
        except FileNotFoundError:
            return "missing" if artifact.chain_id == self._plane.ledger.chain_id else "elsewhere"
        return None if _sha256(data) == artifact.sha256 else "changed"

    @property
    def _folder(self) -> Path:
        return self._root / FOLDER


def told_of(conn: Connection, ledger: Ledger, names: Sequence[str]) -> list[Event]:
    """Every entry about the artifacts that belong to a record of these names, or that have one of them."""
    every = ledger.events(conn, kinds=_KINDS)
    refs = {event.subjects[0] for event in every if not set(names).isdisjoint(event.subjects)}
    return [event for event in every if event.subjects[0] in refs]


def text_of(data: bytes) -> str | None:
    """The text that bytes are; None for anything else."""
    try:
        return None if b"\0" in data else data.decode()
    except UnicodeDecodeError:
        return None


def _words_of(data: bytes) -> str | None:
    """What a person's program may show as text: also in the encodings of old, which `text_of` doesn't show."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return None if b"\0" in data else text_of(data) or data.decode("latin-1")


def size(size_bytes: int) -> str:
    """A number of bytes for people: `12 KB`."""
    if size_bytes < 1024:
        return f"{size_bytes} bytes"
    return f"{size_bytes / 1024:.0f} KB" if size_bytes < 1024 * 1024 else f"{size_bytes / 1024 / 1024:.1f} MB"


def _load(conn: Connection, ledger: Ledger) -> list[Artifact]:
    """Every artifact, in the order in which they were added; erased ones are left out."""
    found: dict[str, Artifact] = {}
    for event in ledger.events(conn, kinds=_KINDS):
        told, ref = event.payload, event.subjects[0]
        if told and event.kind == "artifact.added":
            found[ref] = Artifact(
                ref, str(told["title"]), str(told["kind"]), str(told["sha256"]), int(told["size_bytes"]),
                tuple(told["about"]), event.at, event.actor, event.chain_id,
            )  # fmt: skip
        elif told and ref in found:
            found[ref] = replace(found[ref], about=tuple(dict.fromkeys([*found[ref].about, *told["about"]])))
    return sorted(found.values(), key=lambda one: (one.at, int(one.ref.partition("-")[2])))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
