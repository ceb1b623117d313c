"""Forks processes that write to a simulated Notion in bad weather, on a shared time. A line in: where that is."""

import os
import random
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from contract.office import HOME, SCHEMA
from onefirm.core.attribution import By
from onefirm.core.errors import FirmError, Unavailable
from onefirm.ledger.append import Ledger
from onefirm.state.records import Change, Records
from onefirm.state.truth.notion.call import TIMEOUT_S, Caller
from onefirm.state.truth.notion.mapping import NotionMapping
from onefirm.state.truth.notion.pace import Pace
from onefirm.state.truth.notion.truth import NotionTruth
from onefirm.store.engine import Store
from support.shared_time import Wristwatch

LATENCY_S = 0.25
TRIES = 10
CREATED = 0.4
"""The share of writes that are creates; the others change what is there."""
SHARED = 0.1
"""The share of changes that are made to the records which everybody writes to."""


@dataclass(frozen=True)
class Job:
    """What one process is to do: how many writes, by how many threads, and whom everybody may write to."""

    name: str
    database: str
    token: str
    mapping: NotionMapping
    writes: int
    threads: int
    shared: tuple[str, ...]
    timeouts: float


@dataclass(frozen=True)
class Answer:
    """One write, and what it was answered: the ref and receipt, or an error."""

    word: str
    created: bool
    again: int = 0
    ref: str = ""
    receipt: str = ""
    error: str = ""


class Weather(httpx.AsyncBaseTransport):
    """The way to Notion: it takes its time, and of some requests nothing is heard again."""

    def __init__(self, watch: Wristwatch, timeouts: float, chance: random.Random) -> None:
        self._watch, self._timeouts, self._chance = watch, timeouts, chance
        self._way = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        drawn = self._chance.random()
        if drawn < self._timeouts / 2:  # it never arrives
            await self._watch.sleep(TIMEOUT_S)
            raise httpx.ReadTimeout("", request=request)
        await self._watch.sleep(LATENCY_S)
        response = await self._way.handle_async_request(request)
        if drawn < self._timeouts:  # its answer never does
            await response.aread()
            await self._watch.sleep(TIMEOUT_S)
            raise httpx.ReadTimeout("", request=request)
        return response

    async def aclose(self) -> None:
        await self._way.aclose()


def connected(watch: Wristwatch, job: Job) -> tuple[Records, NotionTruth]:
    """The state plane as one process has it, on the shared time."""
    store = Store.open(job.database)
    way = Weather(watch, job.timeouts, random.Random(job.name))
    caller = Caller(job.token, job.mapping.base_url, Pace(time=watch.time), watch.sleep, way)
    truth = NotionTruth(store, SCHEMA, watch, job.mapping, caller)
    ledger = Ledger(watch, HOME)
    records = Records(store, ledger, truth, SCHEMA, watch, timezone="UTC", currency="EUR", pause=watch.pause)
    return records, truth


def work(watch: Wristwatch) -> list[Answer]:
    """Write with every thread at once; the answers to all of it."""
    job: Job = watch.job
    records, truth = connected(watch, job)
    answers: list[Answer] = []

    left = iter(range(job.writes))  # whoever is free takes the next one

    def writer(name: str) -> None:
        chance, own = random.Random(name), list[str]()
        for number in left:
            known = own if own and chance.random() >= SHARED else job.shared
            answer = write(watch, records, f"{job.name}-{number}", chance, known)
            answers.append(answer)
            if answer.created and answer.ref:
                own.append(answer.ref)
        watch.idle()

    threads = [threading.Thread(target=writer, args=(f"{job.name}{number}",)) for number in range(job.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    truth.close()
    return answers


def write(watch: Wristwatch, records: Records, word: str, chance: random.Random, known: Sequence[str]) -> Answer:
    """One write, sent again with its key while others keep the record busy, as the refusal says."""
    created = chance.random() < CREATED
    values = {"owner": word, **({"title": word} if created else {})}
    change = Change("create", "task", set=values) if created else Change("update", ref=chance.choice(known), set=values)
    for again in range(TRIES):
        try:
            (answer,) = records.write([change], By("claude", "S-1"), key=word)
            return Answer(word, created, again, answer.ref, answer.receipt)
        except Unavailable as error:
            said = repr(error)
            watch.pause(60)
        except FirmError as error:
            return Answer(word, created, again, error=repr(error))
    return Answer(word, created, TRIES, error=said)


def main() -> None:
    for line in sys.stdin:
        if os.fork():
            continue
        try:
            watch = Wristwatch(Path(line.strip()))
            watch.leave(work(watch))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
