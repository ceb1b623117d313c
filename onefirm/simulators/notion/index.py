"""The index that queries and searches read: it hears of a write only after its lag; retrieving a page is never late."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from onefirm.simulators.notion.objects import Face, Page


class Index:
    """Keeps, for each page, the face that queries see."""

    def __init__(self, lag_s: float = 0) -> None:
        self.lag_s = lag_s
        self._late: dict[str, Page] = {}

    def write(self, page: Page, face: Face, now: datetime) -> None:
        """Give a page its new face, and tell the index when its time has come."""
        page.face = face
        if not self.lag_s and not page.waiting:
            page.indexed = face
            return
        page.waiting.append((self.heard_at(now), face))
        self._late[page.id] = page

    def heard_at(self, now: datetime) -> datetime:
        """From when what is written now is seen."""
        return now + timedelta(seconds=self.lag_s)

    def settle(self, now: datetime) -> None:
        """Let the index hear of all whose time has come."""
        for page in list(self._late.values()):
            while page.waiting and page.waiting[0][0] <= now:
                page.indexed = page.waiting.pop(0)[1]
            if not page.waiting:
                del self._late[page.id]

    def resume(self, pages: Iterable[Page]) -> None:
        """Go on with pages that came from elsewhere: some of them have faces that it has yet to hear of."""
        self._late = {page.id: page for page in pages if page.waiting}
