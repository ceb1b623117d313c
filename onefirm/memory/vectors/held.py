"""The vectors of the store in this process's memory, a byte for each number, as they were at the last question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from onefirm.memory.vectors.port import Floats
from onefirm.store.tables import vector

_BLOCK = 8_192  # rows that become floats at once
_MOST = 127
_LEAST = 0.3  # what is farther is found by its words or not at all, so that a question may still find nothing


def packed(row: Floats) -> bytes:
    """A vector as it is stored: its largest number is 127."""
    largest = float(np.abs(row).max()) or 1.0
    return np.round(row / largest * _MOST).astype(np.int8).tobytes()


class Held:
    """All vectors of one model. Its users take turns."""

    def __init__(self, model: str, dim: int) -> None:
        self._model = model
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._passages: NDArray[np.int64] = np.empty(0, np.int64)
        self._rows: NDArray[np.int8] = np.empty((0, dim), np.int8)
        self._scales: Floats = np.empty(0, np.float32)

    def renew(self, conn: Connection) -> None:
        """Follow the store. A vector is put and dropped, never changed, and no number is given twice: as long as there
        are as many, with the same newest, they are the same.
        """
        mine = vector.c.model == self._model
        count, newest = conn.execute(select(func.count(), func.max(vector.c.id)).where(mine)).one()
        last = int(self._ids[-1]) if len(self._ids) else 0
        if count == len(self._ids) and (newest or 0) == last:
            return
        columns = (vector.c.id, vector.c.passage_id, vector.c.v)
        fresh = conn.execute(select(*columns).where(mine, vector.c.id > last).order_by(vector.c.id)).all()
        if count != len(self._ids) + len(fresh):  # some went: which ones is dearer to ask than what came
            live = np.fromiter(conn.execute(select(vector.c.id).where(mine, vector.c.id <= last)).scalars(), np.int64)
            kept = np.isin(self._ids, live)
            self._ids, self._passages = self._ids[kept], self._passages[kept]
            self._rows, self._scales = self._rows[kept], self._scales[kept]
        rows = np.frombuffer(b"".join(row[2] for row in fresh), np.int8).reshape(len(fresh), self._rows.shape[1])
        self._ids = np.concatenate([self._ids, np.array([row[0] for row in fresh], np.int64)])
        self._passages = np.concatenate([self._passages, np.array([row[1] for row in fresh], np.int64)])
        self._rows = np.concatenate([self._rows, rows])
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float32))
        scales = (1 / np.where(lengths > 0, lengths, 1)).astype(np.float32)
        self._scales = np.concatenate([self._scales, scales])

    def nearest(
        self, question: Floats, most: int, within: Sequence[int] | None, also: Sequence[int]
    ) -> Mapping[int, float]:
        """The passages that are nearest, of those `within` where that is given, with how near (-1 to 1); and how near
        those are that were found in another way.
        """
        found = np.isin(self._passages, also)
        inside = np.isin(self._passages, within) if within is not None else np.ones(len(found), bool)
        places = np.flatnonzero(found | inside)
        products = np.zeros(len(self._passages), np.float32)
        for at in range(0, len(places), _BLOCK):
            some = places[at : at + _BLOCK]
            # Not by BLAS: its threads wait for each other longer than this takes.
            products[some] = np.einsum("ij,j->i", self._rows[some].astype(np.float32), question) * self._scales[some]
        near = np.flatnonzero(inside & (products >= _LEAST))
        best = near[np.argsort(-products[near], kind="stable")][:most]
        chosen = np.union1d(best, np.flatnonzero(found))
        return dict(zip(self._passages[chosen].tolist(), products[chosen].tolist(), strict=True))

    def count(self, within: Sequence[int] | None) -> int:
        """How many passages have a vector."""
        return len(self._passages) if within is None else int(np.isin(self._passages, within).sum())
