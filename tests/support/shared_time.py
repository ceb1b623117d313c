"""One clock for several processes. It goes on only when all of them wait, and then to whoever waits least.

So an hour passes in as long as the work in it takes, and a slow machine changes nothing in what happens when.
"""

import asyncio
import heapq
import mmap
import os
import shutil
import struct
import tempfile
import threading
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from itertools import count
from multiprocessing.connection import Client, Connection, Listener, wait
from pathlib import Path
from typing import Any

_AT = struct.Struct("=d")
_STUCK_S = 2.0  # one that waits for another one of its own process isn't heard of


class SharedTime:
    """What both sides have: the present instant, and so the protocol of onefirm.core.clock.Clock."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._now = mmap.mmap(opened.fileno(), _AT.size)

    def time(self) -> float:
        return float(_AT.unpack_from(self._now)[0])

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)


class Timekeeper(SharedTime):
    """Whoever lets time pass. Its own process may read the clock, and move it while nobody else is there."""

    def __init__(self, at: datetime) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="time-"))
        (self.folder / "now").write_bytes(_AT.pack(at.timestamp()))
        super().__init__(self.folder / "now")
        self._listener = Listener(str(self.folder / "line"), "AF_UNIX")

    def advance(self, **by: float) -> datetime:
        self._move_to(self.time() + timedelta(**by).total_seconds())
        return self.now()

    def _move_to(self, at: float) -> None:
        _AT.pack_into(self._now, 0, max(self.time(), at))

    def keep(self, jobs: list[Any], workers: int) -> list[Any]:
        """Hand each job to one process that joins, and let time pass until all have told their result.

        `workers` is how many may wait at once, in all of the processes together.
        """
        lines = [self._listener.accept() for _ in jobs]
        for line, job in zip(lines, jobs, strict=True):
            line.send(job)
        results, waits = list[Any](), list[tuple[float, int, Connection, int]]()
        order = count()
        while lines:
            ready = wait(lines, _STUCK_S)
            for line in ready:
                kind, *told = line.recv()  # type: ignore[union-attr]
                if kind == "wait":
                    heapq.heappush(waits, (told[1], next(order), line, told[0]))  # type: ignore[arg-type]
                elif kind == "idle":
                    workers -= 1
                else:
                    results.append(told[0])
                    lines.remove(line)  # type: ignore[arg-type]
            while waits and (len(waits) >= workers or not ready):
                at, _, line, number = heapq.heappop(waits)
                self._move_to(at)
                line.send(number)
                ready = ready or [line]
        return results

    def close(self) -> None:
        self._listener.close()
        shutil.rmtree(self.folder)


class Wristwatch(SharedTime):
    """One process's side of it: it waits by asking to be called."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "now")
        self._line = Client(str(folder / "line"), "AF_UNIX")
        self._sending, self._numbers, self._waiting = threading.Lock(), count(), dict[int, Future[None]]()
        self._left = False
        self.job: Any = self._line.recv()
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        while True:
            try:
                number = self._line.recv()
            except (EOFError, OSError):
                if not self._left:  # whoever kept the time is gone, and would never call
                    os._exit(1)
                return
            self._waiting.pop(number).set_result(None)

    def _tell(self, *words: object) -> None:
        with self._sending:
            self._line.send(words)

    def _wait(self, seconds: float) -> "Future[None]":
        number, called = next(self._numbers), Future[None]()
        self._waiting[number] = called
        self._tell("wait", number, self.time() + seconds)
        return called

    def pause(self, seconds: float) -> None:
        self._wait(seconds).result()

    async def sleep(self, seconds: float) -> None:
        await asyncio.wrap_future(self._wait(seconds))

    def idle(self) -> None:
        """One of the workers has ended."""
        self._tell("idle")

    def leave(self, result: object) -> None:
        """Tell the result and be gone."""
        self._left = True
        self._tell("result", result)
        self._line.close()
