"""The state plane on both databases: a day's work, and many writers at once."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contract.office import CLAUDE, HOME, OPERATOR, SCHEMA, Office, agree, open_office
from contract.stores import postgres_store, sqlite_url
from onefirm.core.attribution import By
from onefirm.core.clock import SystemClock
from onefirm.core.errors import Refused
from onefirm.ledger.append import Ledger
from onefirm.ledger.verify import verify
from onefirm.state.records import Change, Query, Records, StaleWrite
from onefirm.state.truth.embedded import EmbeddedTruth
from onefirm.store.engine import Store
from support.clock import FixedClock

Opener = Callable[[], Store]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens the same database again and again, as several processes do."""
    if request.param == "sqlite":
        url = sqlite_url(tmp_path)
    else:
        url = request.getfixturevalue("postgres_url")
        postgres_store(url, tmp_path).close()
    return lambda: Store.open(url)


@pytest.fixture
def office(opener: Opener, clock: FixedClock) -> Iterator[Office]:
    made = open_office(opener(), clock)
    yield made
    made.store.close()


def test_a_days_work(office: Office) -> None:
    client = office.create("client", title="Nordlicht Optik")
    project = office.create("project", client=client, due="2026-11-05", budget="12000 EUR")
    tasks = [office.create("task", project=project, title=f"Task {n}", due=f"2026-11-{n + 1:02}") for n in range(5)]
    etag = office.records.get(tasks[0], CLAUDE).etag
    office.write(*(Change("update", ref=ref, set={"status": "doing"}) for ref in tasks), key="k")
    with pytest.raises(StaleWrite):
        office.write(Change("update", ref=tasks[0], set={"owner": "x"}, if_match=etag))
    assert office.write(*(Change("update", ref=ref, set={"status": "doing"}) for ref in tasks), key="k")[0].repeated
    office.records.undo(tasks[1], OPERATOR)
    office.update(tasks[2], status="blocked", blocked_by=tasks[3])
    office.write(Change("archive", ref=tasks[4]))
    assert [line.rule for line in office.records.standing(office.clock.now())] == [
        "blocked", "overdue", "due soon", "due soon", "due soon",
    ]  # fmt: skip
    assert office.records.find(Query(about=project, where={"open": True})).total == 4
    assert office.records.as_of(tasks[1], office.clock.now()).status == "todo"
    assert office.records.sync().pulled == ()
    agree(office)


def test_many_writers_at_once_lose_and_double_nothing(opener: Opener) -> None:
    """Six writers with connections of their own, on the same few records and on new ones."""
    first = open_office(opener(), FixedClock())
    refs = [first.create("task") for _ in range(4)]

    def work(writer: int) -> list[str]:
        store = opener()
        ledger = Ledger(SystemClock(), HOME)
        truth = EmbeddedTruth(store, SCHEMA, SystemClock())
        records = Records(store, ledger, truth, SCHEMA, SystemClock(), timezone="UTC", currency="EUR")
        chance, words = random.Random(writer), []
        by = By("claude", f"S-{writer}")
        for number in range(12):
            word = f"w{writer}-{number}"
            change = Change("update", ref=chance.choice(refs), set={"owner": word})
            new = Change("create", kind="client", set={"title": word, "owner": word})
            batch = [[change], [new], [change, new], [change]][number % 4]
            if number == 7:
                records.get(chance.choice(refs), by)
            try:
                records.write(batch, by)
            except Refused:
                continue
            words.append(word)
        store.close()
        return words

    with ThreadPoolExecutor(6) as pool:
        written = [word for words in pool.map(work, range(6)) for word in words]
    assert len(written) == 72, "writers of the same record wait for each other"
    told = Counter(
        (event.payload or {})["after"].get("owner") for event in first.events("record.updated", "record.created")
    )
    told.pop(None)
    both = {word for word in written if int(word.partition("-")[2]) % 4 == 2}
    assert told == Counter({word: 1 + (word in both) for word in written})
    agree(first)
    with first.store.read() as conn:
        assert verify(conn).ok
    assert first.waiting() == 0
    first.store.close()
