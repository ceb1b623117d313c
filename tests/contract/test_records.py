"""The state plane on both databases: a day's work, and many writers at once."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from contract.office import CLAUDE, HOME, OPERATOR, SCHEMA, Office, agree, open_office
from onefirm.core.attribution import By
from onefirm.core.clock import SystemClock
from onefirm.core.errors import Refused
from onefirm.ledger.append import Ledger
from onefirm.ledger.verify import verify
from onefirm.state.conflicts import Keep
from onefirm.state.records import Change, Query, Records, StaleWrite
from onefirm.state.truth.embedded import EmbeddedTruth
from onefirm.store.engine import Store
from support.clock import FixedClock

Opener = Callable[[], Store]


@pytest.fixture
def opener(database: str) -> Opener:
    """Opens the same database again and again, as several processes do."""
    return lambda: Store.open(database)


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


def test_what_waited_meets_another_change_and_is_decided_once(opener: Opener, clock: FixedClock) -> None:
    """Of several people who answer one question at once, one decides; the others are told so."""
    office = open_office(opener(), clock, "slow")
    ref = office.create("task", owner="Zoe")
    office.slow.down = True
    office.update(ref, owner="Mine")
    office.slow.down = False
    office.slow.edit(ref, owner="Theirs")
    assert office.records.sync().conflicts == 1
    start = Barrier(4, timeout=10)

    def answer(keep: Keep) -> Keep | None:
        with closing(opener()) as store:
            other = open_office(store, clock, lambda *_: office.truth)
            start.wait()
            try:
                other.records.decide_conflict("I-1", keep, OPERATOR)
            except Refused:
                return None
        return keep

    with ThreadPoolExecutor(4) as pool:
        (decided,) = filter(None, pool.map(answer, ("mine", "theirs", "mine", "theirs")))
    (told,) = office.events("record.decided")
    assert (told.payload or {})["keep"] == decided
    assert office.true()[ref].props["owner"] == decided.title()
    assert office.waiting() == 0
    agree(office)
    office.store.close()


def test_looking_and_writing_what_is_there_already_wait_for_each_other(opener: Opener) -> None:
    """Receipts, no-ops and writes of one record take their locks in one order: none ends in a deadlock."""
    first = open_office(opener(), FixedClock())
    ref = first.create("task", owner="A")

    def work(worker: int) -> None:
        with closing(opener()) as store:
            truth = EmbeddedTruth(store, SCHEMA, SystemClock())
            ledger = Ledger(SystemClock(), HOME)
            records = Records(store, ledger, truth, SCHEMA, SystemClock(), timezone="UTC", currency="EUR")
            for number in range(25):
                by = By("claude", f"S-{worker}-{number}")
                if worker % 2:
                    records.get(ref, by)
                elif worker == 4 and number % 5 == 0:
                    records.write([Change("update", ref=ref, set={"due": f"2026-11-{number + 1:02}"})], by)
                else:
                    records.write([Change("update", ref=ref, set={"owner": "A"})], by)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    agree(first)
    with first.store.read() as conn:
        assert verify(conn).ok
    first.store.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(where={"owner": "anna"}), ["Alpha"]),
        (Query(kind="task", where={"owner": None}), ["Beta", "Gamma"]),
        (Query(where={"due<": "2026-11-10"}), ["Alpha"]),
        (Query(where={"due>=": "2026-11-10", "status": ["todo", "doing"]}), ["Beta"]),
        (Query(kind="task", where={"status!=": "todo"}), ["Gamma"]),
        (Query(kind="invoice", where={"amount>": "99.99 EUR"}), ["Large"]),
        (Query(text="amm"), ["Gamma"]),
        (Query(kind="task", sort="-title", limit=2), ["Gamma", "Beta"]),
        (Query(about="P-1"), ["Beta"]),
    ],
)
def test_filters_find_the_same_on_both(office: Office, query: Query, found: list[str]) -> None:
    office.create("project", title="Work")
    office.create("task", title="Alpha", owner="Anna", due="2026-11-05")
    office.create("task", title="Beta", due="2026-11-20", project="P-1")
    office.update(office.create("task", title="Gamma"), status="done")
    office.create("invoice", title="Small", amount="99.99 EUR")
    office.create("invoice", title="Large", amount="1000.00 EUR")
    titles = [row.title for row in office.records.find(query).rows]
    assert (titles if query.sort else sorted(titles)) == found


def test_the_past_and_what_is_taken_back(office: Office) -> None:
    ref = office.create("task", owner="A")
    then = office.clock.now()
    office.clock.advance(hours=1)
    changed = office.update(ref, owner="B", due="2026-11-30")
    assert office.records.as_of(ref, then).props["owner"] == "A"
    assert office.records.undo(changed.event_id, OPERATOR)[0].after == {"due": None, "owner": "A"}
    with pytest.raises(Refused):
        office.records.undo(changed.event_id, OPERATOR)
    with pytest.raises(Refused):
        office.update(office.create("project", title="P"), status="done")
    agree(office)


def test_a_batch_is_written_whole_or_not_at_all(office: Office) -> None:
    ref, etag = office.create("task"), office.records.get("T-1").etag
    office.update(ref, owner="A")
    with pytest.raises(StaleWrite):
        office.write(
            Change("create", kind="client", set={"title": "New"}),
            Change("update", ref=ref, set={"owner": "B"}, if_match=etag),
        )
    assert office.records.find(Query(kind="client")).total == 0
    agree(office)
