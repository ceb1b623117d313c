"""Bringing the index of recall up to the ledger and the files as they are, with a look that costs next to nothing.

What the index was made for, and up to which entries the ledger was looked through, is the setting `recall_index`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text

from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event, subjects_of
from onefirm.memory import passages, sections, uses
from onefirm.memory.languages import Languages
from onefirm.memory.passages import Document
from onefirm.store.engine import Store
from onefirm.store.tables import event, passage, passage_tally, passage_word, setting

_NAME = "recall_index"
_FORM = 3  # of what stands in the index; another one makes it anew
_FAR_BEHIND = 500
_HEADS = text(
    "SELECT c.chain_id, (SELECT max(seq) FROM event e WHERE e.chain_id = c.chain_id) AS seq, "
    "(SELECT value FROM setting WHERE name = 'recall_index') AS made, "
    "(SELECT max(id) FROM passage) AS newest FROM chain c"
)
Heads = dict[str, int]


@dataclass(slots=True)
class _Looked:
    """What this process has found the index to be up to."""

    files: object = None
    heads: Heads | None = None
    turn: object = None


class Renewal:
    """Keeps the index up to date; one for all threads and sights of a process."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        documents: Callable[[], Iterable[Document]],
        unchanged: Callable[[], object],
        languages: Languages,
        indexed: Mapping[str, Callable[[Connection, Event], None]],
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._documents = documents
        self._unchanged = unchanged
        self._languages = languages
        self._indexed = indexed
        self._looked = _Looked()

    def refresh(self) -> int:
        """How many files and erased entries had to be taken in.

        1. Look whether a file or the ledger has changed since this process looked last; nearly always that is all.
        2. Find what is to be done: files, erased entries, records that moved or have another name.
        3. Do it in one transaction, looking once more, as another process may have been faster.
        """
        files = self._unchanged()
        with self._store.read() as conn:
            if self.current(conn, files) is not None:
                return 0
            made, heads, _ = _heads(conn)
            documents = self._read(files)
            since = self._looked.heads or made.get("heads", {})
            due = not self._is_made(made) or self._due(conn, documents, since, heads)
        changed = self._renew(documents, since) if due else 0
        self._looked.files, self._looked.heads, self._looked.turn = files, heads, object()
        return changed

    def current(self, conn: Connection, files: object = None) -> object | None:
        """None when something has changed since this process looked last, as far as that can be told without reading.

        Else what is equal only as long as ledger, passages and what was taken in of files stay as they are.
        """
        files = files or self._unchanged()
        turn = self._looked.turn
        if files is None or files != self._looked.files:
            return None
        made, heads, newest = _heads(conn)
        return (turn, tuple(heads.items()), newest) if heads == self._looked.heads and self._is_made(made) else None

    def rebuild(self) -> int:
        """Make the whole index anew from ledger and files; how many passages it has."""
        documents = {document.path: document for document in self._documents()}
        with self._store.write() as conn:
            passages.lock(conn)
            _, heads, _ = _heads(conn)
            self._make(conn, documents, heads)
            return conn.execute(select(func.coalesce(func.sum(passage_tally.c.passages), 0))).scalar_one()

    def _is_made(self, made: Mapping[str, Any]) -> bool:
        return made.get("form") == _FORM and made.get("languages") == self._languages.told()

    def _read(self, files: object) -> dict[str, Document] | None:
        """The files; None when they are as they were."""
        if files is not None and files == self._looked.files:
            return None
        return {document.path: document for document in self._documents()}

    def _due(self, conn: Connection, documents: Mapping[str, Document] | None, since: Heads, heads: Heads) -> bool:
        if documents is not None and _outdated(conn, documents):
            return True
        moved, is_erased = _told(conn, since, heads)
        behind = sum(seq - since.get(chain, 0) for chain, seq in heads.items())
        return behind > _FAR_BEHIND or (is_erased and bool(passages.erased(conn))) or passages.is_moved(conn, moved)

    def _renew(self, documents: dict[str, Document] | None, since: Heads) -> int:
        with self._store.write() as conn:
            passages.lock(conn)
            made, heads, _ = _heads(conn)
            if not self._is_made(made):
                every = documents if documents is not None else {one.path: one for one in self._documents()}
                self._make(conn, every, heads)
                return len(every)
            changed = _outdated(conn, documents) if documents is not None else []
            for path in changed:
                _take(conn, path, (documents or {}).get(path))
            moved, is_erased = _told(conn, since, heads)
            passages.rescope(conn, moved)
            gone = passages.erased(conn) if is_erased else []
            if gone:
                passages.wipe(conn, gone)
                uses.forget(conn, [ref for _, ref in gone])
            self._note(conn, heads)
            return len(changed) + len(gone)

    def _make(self, conn: Connection, documents: Mapping[str, Document], heads: Heads) -> None:
        for table in (passage, passage_word, passage_tally):
            conn.execute(delete(table))
        self._note(conn, heads)  # what is put asks for the languages
        for entry in self._ledger.events(conn, kinds=list(self._indexed)):
            self._indexed[entry.kind](conn, entry)
        for path, document in documents.items():
            _take(conn, path, document)

    def _note(self, conn: Connection, heads: Heads) -> None:
        value = {"form": _FORM, "languages": self._languages.told(), "heads": heads}
        conn.execute(delete(setting).where(setting.c.name == _NAME))
        conn.execute(insert(setting).values(name=_NAME, value=value))


def _heads(conn: Connection) -> tuple[Mapping[str, Any], Heads, int]:
    """What the index was made for, the newest entry of each chain, and the number of the passage that was put last."""
    rows = conn.execute(_HEADS).all()
    made, newest = (rows[0].made, rows[0].newest or 0) if rows else (None, 0)
    heads = {row.chain_id: row.seq or 0 for row in rows}
    return (json.loads(made) if isinstance(made, str) else made or {}), heads, newest


def _told(conn: Connection, since: Heads, heads: Heads) -> tuple[list[str], bool]:
    """The records that newer entries tell of, and whether something was erased."""
    moved: dict[str, None] = {}
    is_erased = False
    for chain, seq in heads.items():
        if seq <= since.get(chain, 0):
            continue
        query = select(event.c.kind, event.c.subjects).where(
            event.c.chain_id == chain, event.c.seq > since.get(chain, 0)
        )
        for kind, subjects in conn.execute(query):
            is_erased |= kind == "payload.erased"
            if (kind.startswith("record.") and kind != "record.seen") or kind == "payload.erased":
                moved |= dict.fromkeys((subjects_of(subjects) or ())[:1])
    return list(moved), is_erased


def _outdated(conn: Connection, documents: Mapping[str, Document]) -> list[str]:
    known = passages.files(conn)
    changed = [path for path, document in documents.items() if known.get(path) != document.sha256]
    return changed + [path for path in known if path not in documents]


def _take(conn: Connection, path: str, document: Document | None) -> None:
    if document is None:
        passages.drop(conn, "narrative", [path])
    else:
        passages.put(conn, "narrative", path, sections.parts_of(document), document.about, document.sha256)
