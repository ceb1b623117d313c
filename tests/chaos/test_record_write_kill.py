"""kill -9 at a hundred random instants of writing: truth, mirror and ledger agree after each restart."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import func, select

from contract.office import Office, agree, open_office
from contract.stores import sqlite_url
from onefirm.ledger.verify import verify
from onefirm.state.history import STATE
from onefirm.store.engine import Store
from onefirm.store.tables import outbox, record, truth_row
from support.clock import FixedClock

PROJECT = Path(__file__).resolve().parents[2]
KILLS = 100
LONGEST_WRITE_S = 0.02


class Victim:
    """A process that forks writers, and the talk with it."""

    def __init__(self, url: str) -> None:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(PROJECT), str(PROJECT / "tests")))}
        command = [sys.executable, str(Path(__file__).with_name("writer.py")), url]
        self._process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in: IO[str] = self._process.stdin
        self._out: IO[str] = self._process.stdout

    def kill_one(self, seed: int, chance: random.Random) -> Counter[str]:
        """Start a writer and kill it somewhere within a write; the words it had answered, and how often each counts."""
        self._in.write(f"{seed}\n")
        acks: Counter[str] = Counter()
        pid, patience = 0, chance.randrange(6)
        while pid == 0 or patience > 0:
            kind, *rest = self._out.readline().split()
            if kind == "pid":
                pid = int(rest[0])
            else:
                acks[rest[0]] = int(rest[1])
                patience -= 1
        time.sleep(chance.random() * LONGEST_WRITE_S)  # the random instant itself
        os.kill(pid, signal.SIGKILL)
        while (line := self._out.readline()).split()[0] != "gone":
            _, word, times = line.split()
            acks[word] = int(times)
        return acks

    def close(self) -> None:
        self._in.close()
        self._process.wait(30)
        self._out.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path)


@pytest.fixture
def victim(url: str) -> Iterator[Victim]:
    made = Victim(url)
    yield made
    made.close()


def reopened(url: str) -> Office:
    """What the next start does: open, and finish what was begun."""
    office = open_office(Store.open(url), FixedClock())
    office.records.sync()
    return office


def told(office: Office, words: set[str]) -> Counter[str]:
    """How often the ledger tells of each of these words as written."""
    found: Counter[str] = Counter()
    for event in office.events("record.created", "record.updated"):
        payload = event.payload or {}
        if not payload.get("undo_of") and (owner := payload["after"].get("owner")) in words:
            found[owner] += 1
    return found


def etags(office: Office, table: str) -> dict[str, str]:
    with office.store.read() as conn:
        if table == "truth":
            return {row.ref: str(row.version) for row in conn.execute(select(truth_row.c.ref, truth_row.c.version))}
        return {row.ref: row.etag for row in conn.execute(select(record.c.ref, record.c.etag))}


@pytest.mark.slow
def test_a_hundred_kills_lose_and_double_nothing(url: str, victim: Victim) -> None:
    open_office(Store.open(url), FixedClock()).store.close()
    chance = random.Random(20261102)
    answered: Counter[str] = Counter()
    unfinished = 0
    for seed in range(KILLS):
        acks = victim.kill_one(seed, chance)
        answered += acks
        unfinished += claims_left(url)
        office = reopened(url)
        assert office.waiting() == 0, "what was begun is finished by the next start"
        assert etags(office, "truth") == etags(office, "mirror")
        assert told(office, set(acks)) == acks, "an answered write is told exactly once for each of its changes"
        assert_authors(office)
        if seed % 20 == 19:
            agree(office)
        office.store.close()
    office = reopened(url)
    agree(office)
    assert told(office, set(answered)) == answered
    assert max(told_of_everything(office).values()) <= 2, "a write that was never answered is there whole, once, or not"
    with office.store.read() as conn:
        assert verify(conn).ok
    office.store.close()
    assert unfinished >= KILLS // 10, f"only {unfinished} kills fell between the steps of a write: nothing was proven"


def assert_authors(office: Office) -> None:
    """Every change has the actor, session and reason of the writer that asked for it; none came from outside."""
    for event in office.events(*STATE):
        assert event.actor == "claude/scribe", event
        assert (event.reason or "").startswith(f"{event.session} wants w{(event.session or '')[2:]}-"), event
        after = (event.payload or {}).get("after") or {}
        if not (event.payload or {}).get("undo_of") and "owner" in after:
            assert (event.reason or "").endswith(f" {after['owner']}.")


def told_of_everything(office: Office) -> Counter[str]:
    words = {
        str((event.payload or {})["after"].get("owner")) for event in office.events("record.created", "record.updated")
    }
    return told(office, words)


def claims_left(url: str) -> int:
    """Whether the kill left a write unfinished."""
    store = Store.open(url)
    with store.read() as conn:
        left = conn.execute(select(func.count()).select_from(outbox)).scalar_one()
    store.close()
    return int(left > 0)
