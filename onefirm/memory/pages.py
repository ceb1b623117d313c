"""A part of a list, and how to ask for the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """`total` counts every row that meets the question; `cursor` is None on the last page."""

    rows: tuple[Row, ...]
    cursor: str | None
    total: int
