"""Signs of change: what counts, what is watched, and what happens where the system gives none."""

import errno
from pathlib import Path
from typing import Any

import pytest
from watchdog.events import DirMovedEvent, FileModifiedEvent, FileMovedEvent

from onefirm.narrative.events import Events


class Observer:
    """An observer that remembers what it watches, and has room for so many folders."""

    def __init__(self, room: int = 9, error: int = errno.ENOSPC) -> None:
        self.room, self.error, self.watched, self.lives = room, error, dict[str, bool](), False

    def start(self) -> None:
        self.lives = True

    def stop(self) -> None:
        self.lives = False

    def is_alive(self) -> bool:
        return self.lives

    def join(self, timeout: float) -> None: ...

    def schedule(self, handler: Any, path: str, *, recursive: bool, event_filter: Any) -> str:
        if len(self.watched) == self.room:
            raise OSError(self.error, "no room")
        self.watched[path] = recursive
        return path

    def unschedule(self, watch: str) -> None:
        del self.watched[watch]


def test_the_top_is_watched_alone_and_folders_with_all_that_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    observer = Observer()
    with Events(tmp_path, make=lambda: observer) as events:  # type: ignore[arg-type, return-value]
        events.follow(["context", "gone"])
        assert observer.watched == {f"{tmp_path}": False, f"{tmp_path}/context": True}
        (tmp_path / "context").rename(tmp_path / "gone")
        events.follow(["context", "gone"])
        assert observer.watched == {f"{tmp_path}": False, f"{tmp_path}/gone": True}
    assert (observer.lives, events.why_not) == (False, "")


@pytest.mark.parametrize(
    ("error", "said"),
    [(errno.ENOSPC, "max_user_watches"), (errno.EMFILE, "max_user_instances"), (errno.EIO, "OSError")],
)
def test_where_the_system_has_no_watches_left_it_says_so_and_nothing_waits_for_events(
    tmp_path: Path, error: int, said: str
) -> None:
    (tmp_path / "context").mkdir()
    observer = Observer(1, error)
    with Events(tmp_path, make=lambda: observer) as events:  # type: ignore[arg-type, return-value]
        events.follow(["context"])
        assert said in events.why_not
        assert not observer.lives
        events.follow(["context"])
        assert events.wait(0.01) is False


def test_folders_and_markdown_files_count_and_nothing_else(tmp_path: Path) -> None:
    events = Events(tmp_path)
    events.dispatch(FileModifiedEvent("context/picture.png"))
    assert events.wait(0.01) is False
    for event in (
        FileModifiedEvent("context/A.MD"), FileMovedEvent(".draft", "context/a.md"), DirMovedEvent("context/a", "b")
    ):  # fmt: skip
        events.dispatch(event)
        assert events.wait(0.01) is True
    assert events.wait(0.01) is False
