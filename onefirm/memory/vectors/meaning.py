"""What recall asks of vectors: which passages are near a question, and what to say of how it was searched.

Without the extra, or without a model, this is all that is imported.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from onefirm.core.errors import Unavailable
from onefirm.memory import index

if TYPE_CHECKING:
    from onefirm.memory.vectors.held import Held
    from onefirm.memory.vectors.port import Embedder

_NEAREST = 100
FORM = 1  # of what is made into vectors; another one makes them anew


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model with what it made; `lock` lets one thread at a time have that."""

    embedder: Embedder
    held: Held
    lock: threading.Lock


class Meaning:
    """The model of this firm, `name` such as minilm@8199be6f699a, whose files lie in `models`. Loaded when it is asked
    first, once for all threads.
    """

    def __init__(self, models: Path, name: str) -> None:
        self.name = name
        self._models = models
        self._lock = threading.Lock()
        self._loaded: Loaded | Unavailable = Unavailable("")
        self._tried: list[tuple[str, int, int]] | None = None

    @property
    def key(self) -> str:
        """What stands with its vectors in the store."""
        return f"{self.name}/{FORM}"

    def loaded(self) -> Loaded:
        """Raises Unavailable where the model can't be used, and why."""
        with self._lock:
            if not isinstance(self._loaded, Loaded) and (files := self._files()) != self._tried:
                self._loaded, self._tried = self._load(), files  # anew once its files are others
        if isinstance(self._loaded, Unavailable):
            raise self._loaded
        return self._loaded

    def _files(self) -> list[tuple[str, int, int]]:
        found = ((one.name, one.stat()) for one in sorted((self._models / self.name).glob("*")))
        return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in found]

    def _load(self) -> Loaded | Unavailable:
        try:
            from onefirm.memory.vectors import weights
            from onefirm.memory.vectors.held import Held
        except ImportError:
            return Unavailable(
                "the extra `vectors` isn't installed here",
                hint="Install onefirm[vectors], or `onefirm memory vectors off`.",
            )
        try:
            embedder = weights.opened(self._models, self.name)
        except Unavailable as error:
            return error
        return Loaded(embedder, Held(self.key, embedder.dim), threading.Lock())

    def look(self, conn: Connection, scope: Sequence[Sequence[str]]) -> Look:
        """One question's look at the passages of a scope."""
        try:
            loaded = self.loaded()
        except Unavailable as error:
            return Look(self.name, trouble=error)
        with loaded.lock:
            loaded.held.renew(conn)
            within = index.within(conn, scope) if scope and loaded.held.count(None) else None
            have = loaded.held.count(within)
        return Look(self.name, loaded, within, have)


@dataclass(frozen=True, slots=True)
class Look:
    """The passages `within` a scope (None: all), of which so many `have` a vector."""

    name: str
    loaded: Loaded | None = None
    within: Sequence[int] | None = None
    have: int = 0
    trouble: Unavailable | None = None

    def near(self, text: str, also: Collection[int]) -> Mapping[int, float]:
        """The passages that are nearest to a text, and those that were found by their words: 1 for the nearest of all,
        0 for the farthest.

        Whatever else is asked of a passage (when it was known, who may see it) is not judged here.
        """
        if self.loaded is None or not self.have:  # then a question waits for no model
            return {}
        question = self.loaded.embedder.embed([text])[0]
        with self.loaded.lock:
            found = self.loaded.held.nearest(question, _NEAREST, self.within, sorted(also))
        least, most = min(found.values(), default=0.0), max(found.values(), default=0.0)
        return {passage: (value - least) / ((most - least) or 1.0) for passage, value in found.items()}

    def mode(self, searched: int) -> str:
        """How it was searched, in a few words."""
        if self.trouble:
            return f"lexical: {self.trouble.message}"
        lacking = searched - self.have
        told = f" ({lacking:,} of {searched:,} passages have no vector yet)" if lacking > 0 else ""
        return f"hybrid: {self.name}{told}" if self.have else f"lexical{told}"

    @property
    def note(self) -> str:
        """What the operator should do about it."""
        if not self.trouble:
            return ""
        return f"Only words were searched: {self.trouble.message}. {self.trouble.hint}"
