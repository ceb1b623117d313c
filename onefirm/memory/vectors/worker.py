"""Makes the vectors that passages lack, the newest first, in steps that may end anywhere: what is stored stays stored,
the rest is what still lacks one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, exists, func, insert, select

from onefirm.memory import passages
from onefirm.memory.vectors.held import packed
from onefirm.memory.vectors.meaning import Loaded
from onefirm.store.engine import Store
from onefirm.store.tables import passage, vector

_STEP = 32
_TEXTS = (passage.c.id, passage.c.heading, passage.c.body, passage.c.context, passage.c.at)


def fill(store: Store, loaded: Loaded, key: str, seconds: float, check: Callable[[], None]) -> int:
    """Make vectors for about so long, one step at least, for how many passages; `check` is asked between two steps and
    may raise.
    """
    made, end = 0, time.monotonic() + seconds
    while not made or time.monotonic() < end:
        check()
        with store.read() as conn:
            rows = conn.execute(_lacking(key).limit(_STEP)).all()
        if not rows:
            break
        vectors = _vectors(loaded, rows)
        with store.write(durable=False) as conn:
            passages.lock(conn)
            # Between the two a passage may have gone, another one have got its number, or somebody else have made it.
            same = set(conn.execute(_lacking(key).where(passage.c.id.in_([row.id for row in rows]))).all())
            given = [
                {"passage_id": row.id, "model": key, "v": made}
                for row, made in zip(rows, vectors, strict=True)
                if row in same
            ]
            if given:
                conn.execute(insert(vector), given)
        made += len(rows)
    return made


def lacking(conn: Connection, key: str) -> int:
    """How many passages have no vector of this model."""
    return conn.execute(select(func.count()).select_from(_lacking(key).subquery())).scalar_one()


def _vectors(loaded: Loaded, rows: Sequence[Any]) -> list[bytes]:
    """Of each passage one: of itself, and twice of itself among its neighbours, where it has any."""
    made = loaded.embedder.embed([f"{row.heading}. {row.body}" if row.heading else row.body for row in rows])
    if among := [number for number, row in enumerate(rows) if row.context]:
        made[among] += 2 * loaded.embedder.embed([f"{rows[number].body} {rows[number].context}" for number in among])
    return [packed(row) for row in made]


def _lacking(key: str) -> Any:
    has = exists().where(vector.c.passage_id == passage.c.id, vector.c.model == key)
    return select(*_TEXTS).where(passage.c.body != "", ~has).order_by(passage.c.id.desc())
