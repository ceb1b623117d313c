"""The ledger on every store: what is written stays provable, and whatever is touched afterwards is named."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from contract.stores import sqlite_url
from onefirm.core.attribution import By
from onefirm.core.errors import NotFound, Refused, Unavailable
from onefirm.ledger import registers
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import GENESIS, HASHED, Head, entry_hash
from onefirm.ledger.sentences import sentence
from onefirm.ledger.verify import verify
from onefirm.memory.decisions import Decisions
from onefirm.memory.lessons import Lessons
from onefirm.store.engine import Store, make_engine, sqlite_path
from support.clock import FixedClock

CLAUDE = By("claude", session="S-A", reason="the client asked")


class Firm:
    """A store with one chain, and a way past the triggers for whoever tampers."""

    def __init__(self, url: str, clock: FixedClock) -> None:
        self.url, self.clock = url, clock
        self.store = Store.open(url)
        self.ledger = self.chain("laptop")
        self.raw: Engine = make_engine(url)

    @property
    def sqlite(self) -> bool:
        return self.store.dialect == "sqlite"

    def chain(self, name: str) -> Ledger:
        ledger = Ledger(self.clock, name)
        with self.store.write() as conn:
            ledger.found(conn, "host")
        return ledger

    def write(self, count: int, ledger: Ledger | None = None) -> list[str]:
        """Append entries about T-1, T-2, … and P-1; their ids."""
        with self.store.write() as conn:
            return [self._append(conn, ledger or self.ledger, number) for number in range(1, count + 1)]

    def _append(self, conn: Connection, ledger: Ledger, number: int) -> str:
        self.clock.advance(minutes=1)
        data = {"kind": "task", "title": f"Draft {number}", "before": {}, "after": {"status": "doing"}}
        return ledger.append(conn, "record.updated", data, subjects=[f"T-{number}", "P-1"], by=CLAUDE).id

    def tamper(self, *statements: str, **values: Any) -> None:
        """Change rows behind the ledger's back: no triggers, no foreign keys."""
        path = sqlite_path(self.url)
        if path:
            self._tamper_sqlite(path, statements, values)
            return
        with self.raw.connect() as conn:
            conn.exec_driver_sql("SET session_replication_role = replica")
            for statement in statements:
                conn.execute(text(statement), values)
            conn.commit()
            conn.exec_driver_sql("SET session_replication_role = DEFAULT")
            conn.commit()

    def _tamper_sqlite(self, path: Path, statements: tuple[str, ...], values: dict[str, Any]) -> None:
        with closing(sqlite3.connect(path)) as conn, conn:
            triggers = conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                conn.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                conn.execute(statement, values)
            for _, again in triggers:
                conn.execute(again)

    def row(self, seq: int) -> dict[str, Any]:
        with self.raw.connect() as conn:
            found = conn.execute(text("SELECT * FROM event WHERE chain_id = 'laptop' AND seq = :s"), {"s": seq})
            return dict(found.mappings().one())

    def rehash(self, seq: int) -> None:
        """Give an entry the hash that fits its changed fields."""
        self.tamper(
            "UPDATE event SET hash = :h WHERE chain_id = 'laptop' AND seq = :s", h=entry_hash(self.row(seq)), s=seq
        )

    def verdict(self, *anchors: Head) -> Any:
        with self.store.read() as conn:
            return verify(conn, anchors)

    def head(self) -> Head:
        with self.store.read() as conn:
            found = self.ledger.head(conn)
        assert found
        return found

    def close(self) -> None:
        self.store.close()
        self.raw.dispose()


@pytest.fixture
def firm(database: str, clock: FixedClock) -> Iterator[Firm]:
    firm = Firm(database, clock)
    yield firm
    firm.close()


# -- appending ---------------------------------------------------------------------------------------------------------


def test_an_entry_comes_back_as_it_was_written(firm: Firm) -> None:
    [first] = firm.write(1)
    with firm.store.read() as conn:
        event = firm.ledger.get(conn, first)
    assert event is not None
    assert (event.seq, event.prev, event.subjects, event.reason) == (1, GENESIS, ("T-1", "P-1"), "the client asked")
    assert event.payload == {"kind": "task", "title": "Draft 1", "before": {}, "after": {"status": "doing"}}


def test_an_effect_is_recorded_once_and_comes_back_marked(firm: Firm) -> None:
    with firm.store.write() as conn:
        once = firm.ledger.append(conn, "record.seen", {"n": 1}, subjects=["T-1"], by=CLAUDE, effect_key="look-1")
        again = firm.ledger.append(conn, "record.seen", {"n": 2}, subjects=["T-1"], by=CLAUDE, effect_key="look-1")
        assert firm.ledger.effect(conn, "look-1") == again
    assert (again.id, again.repeated, once.repeated) == (once.id, True, False)
    assert firm.verdict().entries == 1


def test_many_who_record_the_same_effects_at_once_wait_for_each_other(firm: Firm) -> None:
    server = firm.chain("server")
    barrier, failures = threading.Barrier(4), list[BaseException]()

    def record(ledger: Ledger) -> None:
        for round_ in range(8):
            barrier.wait()
            try:
                with firm.store.write() as conn:
                    ledger.append(conn, "record.seen", {}, subjects=["T-1"], by=CLAUDE)
                    ledger.append(conn, "record.seen", {}, subjects=["T-1"], by=CLAUDE, effect_key=f"effect-{round_}")
            except BaseException as failure:
                failures.append(failure)

    threads = [threading.Thread(target=record, args=(one,)) for one in (firm.ledger, firm.ledger, server, server)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    verdict = firm.verdict()
    assert (failures, verdict.ok, verdict.entries) == ([], True, 8 * 4 + 8)


def test_a_transaction_that_fails_leaves_nothing(firm: Firm) -> None:
    firm.write(2)

    def fail_after_writing() -> None:
        with firm.store.write() as conn:
            firm.ledger.append(conn, "record.seen", {}, subjects=["T-1"], by=CLAUDE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_writing()
    assert firm.head().seq == 2


def test_a_clock_that_was_set_back_keeps_the_order_of_all_chains(firm: Firm) -> None:
    server = firm.chain("a-server")
    firm.write(1)
    firm.clock.advance(hours=-5)
    firm.write(1, server)
    firm.write(1)
    with firm.store.read() as conn:
        first, second, third = firm.ledger.events(conn)
        assert [one.chain_id for one in (first, second, third)] == ["laptop", "a-server", "laptop"]
        assert first.at < second.at < third.at
        assert firm.ledger.events(conn, since_at=first.at) == [second, third]


def test_a_damaged_time_does_not_stop_the_next_entry(firm: Firm) -> None:
    firm.write(1)
    firm.tamper("UPDATE event SET at = 'zz' || at")
    firm.write(1)
    assert [one.seq for one in firm.verdict().findings] == [1]


def test_a_kind_that_no_sentence_tells_is_refused(firm: Firm) -> None:
    with pytest.raises(ValueError, match="record\\.renamed"), firm.store.write() as conn:
        firm.ledger.append(conn, "record.renamed", {}, subjects=["T-1"], by=CLAUDE)


def test_entries_are_filtered_by_subject_kind_time_and_session(firm: Firm) -> None:
    firm.write(3)
    with firm.store.write() as conn:
        firm.clock.advance(minutes=1)
        firm.ledger.append(conn, "decision.recorded", {}, subjects=["DEC-1", "P-1"], by=By("operator"))
    with firm.store.read() as conn:
        every = firm.ledger.events(conn)
        assert [event.seq for event in firm.ledger.events(conn, ref="P-1")] == [1, 2, 3, 4]
        assert [event.seq for event in firm.ledger.events(conn, ref="T-2")] == [2]
        assert [event.seq for event in firm.ledger.events(conn, kinds=["record."])] == [1, 2, 3]
        assert [event.seq for event in firm.ledger.events(conn, session="S-A", newest_first=True, limit=2)] == [3, 2]
        assert [event.seq for event in firm.ledger.events(conn, since_at=every[1].at)] == [3, 4]
        assert [event.seq for event in firm.ledger.events(conn, until_at=every[1].at)] == [1, 2]
        assert [event.seq for event in firm.ledger.events(conn, chain_id="laptop", after_seq=3)] == [4]
        assert list(firm.ledger.stream(conn, ref="P-1")) == every


@pytest.mark.parametrize("table", ["event", "event_subject", "payload"])
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
def test_the_database_itself_refuses_to_change_or_delete_an_entry(firm: Firm, table: str, verb: str) -> None:
    firm.write(2)
    column = {"event": "actor", "event_subject": "ref", "payload": "body"}[table]
    statement = f"UPDATE {table} SET {column} = 'x'" if verb == "UPDATE" else f"DELETE FROM {table}"
    with pytest.raises(Exception, match="append-only table"), firm.store.write() as conn:
        conn.execute(text(statement))
    assert firm.verdict().ok


# -- erasing -----------------------------------------------------------------------------------------------------------


def test_an_erased_entry_keeps_the_chain_whole_and_loses_its_words(firm: Firm) -> None:
    first, _second = firm.write(2)
    with firm.store.write() as conn:
        firm.ledger.erase(conn, [first], By("operator", reason="the client asked for it"))
    with firm.store.read() as conn:
        erased = firm.ledger.get(conn, first)
    assert erased is not None
    assert (erased.payload, erased.reason, erased.subjects) == (None, None, ("T-1", "P-1"))
    assert firm.verdict().ok


def test_erased_words_are_no_longer_in_the_file(tmp_path: Path, clock: FixedClock) -> None:
    firm = Firm(sqlite_url(tmp_path), clock)
    with firm.store.write() as conn:
        event = firm.ledger.append(conn, "record.seen", {"title": "zebracrossing"}, subjects=["T-1"], by=CLAUDE)
    with firm.store.write() as conn:
        firm.ledger.erase(conn, [event.id], By("operator"))
    firm.close()
    left = b"".join(path.read_bytes() for path in tmp_path.glob("firm.db*"))
    assert b"record.seen" in left
    assert b"zebracrossing" not in left


def test_only_known_entries_with_content_can_be_erased_and_never_a_tombstone(firm: Firm) -> None:
    [first] = firm.write(1)
    with firm.store.write() as conn:
        with pytest.raises(NotFound):
            firm.ledger.erase(conn, ["nowhere"], CLAUDE)
        tombstone = firm.ledger.erase(conn, [first], CLAUDE)
        with pytest.raises(Refused, match="hold no payload"):
            firm.ledger.erase(conn, [first], CLAUDE)
        with pytest.raises(Refused, match="proof of an erasure"):
            firm.ledger.erase(conn, [tombstone.id], CLAUDE)
    assert firm.verdict().ok


def test_many_entries_are_erased_at_once(firm: Firm) -> None:
    ids = firm.write(1_200)
    with firm.store.write() as conn:
        firm.ledger.erase(conn, ids, CLAUDE)
    assert firm.verdict().ok


# -- verifying ---------------------------------------------------------------------------------------------------------


def test_an_untouched_ledger_of_several_chains_is_sound(firm: Firm) -> None:
    server = firm.chain("server")
    firm.write(7)
    firm.write(5, server)
    with firm.store.read() as conn:
        anchors = firm.ledger.heads(conn)
    firm.write(3)
    verdict = firm.verdict(*anchors)
    assert (verdict.ok, verdict.entries, verdict.chains, verdict.findings) == (True, 15, 2, ())


def test_an_empty_ledger_is_sound(firm: Firm) -> None:
    assert firm.verdict().ok


def test_a_payload_changed_after_it_was_written_is_named_in_plain_words(firm: Firm) -> None:
    ids = firm.write(50)
    firm.tamper("UPDATE payload SET body = replace(body, 'doing', 'done') WHERE event_id = :i", i=ids[40])
    [finding] = firm.verdict().findings
    assert finding.sentence == "entry 41 of chain laptop: its payload was changed after it was written."
    assert (finding.chain_id, finding.seq, finding.event_id) == ("laptop", 41, ids[40])


@pytest.mark.parametrize(
    ("column", "broken"),
    [
        ("body", "{"),
        ("body", '"x"'),
        ("body", '{"data":[]}'),
        ("subjects", "{"),
        ("subjects", "[1]"),
        ("subjects", "{}"),
    ],
)
def test_an_entry_damaged_beyond_reading_is_named_and_the_others_are_still_read(
    firm: Firm, column: str, broken: str
) -> None:
    _, second, _ = firm.write(3)
    table, key = ("payload", "event_id") if column == "body" else ("event", "id")
    firm.tamper(f"UPDATE {table} SET {column} = :broken WHERE {key} = :id", broken=broken, id=second)
    with firm.store.read() as conn:
        told = [sentence(one) for one in firm.ledger.events(conn)]
    assert [("damaged" in one, "Draft" in one) for one in told][::2] == [(False, True)] * 2
    assert "damaged" in told[1]
    assert firm.verdict().findings[0].event_id == second
    assert firm.verdict().findings[0].seq == 2


def test_a_cut_tail_shows_against_an_anchor(firm: Firm) -> None:
    firm.write(12)
    anchor = firm.head()
    for table, column in (("event_subject", "event_id"), ("payload", "event_id")):
        firm.tamper(f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM event WHERE seq > 9)")
    firm.tamper("DELETE FROM event WHERE seq > 9")
    assert firm.verdict().ok
    [finding] = firm.verdict(anchor).findings
    assert finding.sentence == "chain laptop: the anchor knows entry 12, the chain ends at 9: 3 entries are lost."
    assert (finding.seq, finding.problem) == (10, "tail_cut")


def test_a_tail_cut_carelessly_shows_without_an_anchor(firm: Firm) -> None:
    ids = firm.write(12)
    firm.tamper("DELETE FROM event WHERE seq > 11")
    assert f"a payload belongs to entry {ids[11]}, which is not there" in firm.verdict().findings[0].sentence


def test_a_chain_rewritten_to_its_end_shows_against_an_anchor(firm: Firm) -> None:
    firm.write(4)
    early = firm.head()
    firm.write(6)
    late = firm.head()
    firm.tamper("UPDATE event SET actor = 'operator' WHERE seq = 7")
    for seq in range(7, 11):
        firm.tamper("UPDATE event SET prev = :p WHERE seq = :s", p=firm.row(seq - 1)["hash"], s=seq)
        firm.rehash(seq)
    assert firm.verdict(early).ok
    [finding] = firm.verdict(late, early).findings
    assert finding.problem == "rewritten"
    assert "the chain was rewritten somewhere between entries 5 and 10" in finding.sentence


def test_a_writer_at_work_does_not_look_like_damage(firm: Firm) -> None:
    firm.write(3)
    with firm.store.read() as conn:
        assert firm.ledger.head(conn) is not None
        firm.write(4)
        verdict = verify(conn)
    assert (verdict.ok, verdict.entries) == (True, 3)


def test_an_anchor_of_a_chain_that_is_gone_is_told(firm: Firm) -> None:
    firm.write(3)
    [finding] = firm.verdict(Head("server", 8, "ab" * 32)).findings
    assert "chain server: the anchor knows entry 8, the chain ends at 0" in finding.sentence


def test_an_erasure_that_names_another_entry_is_no_proof(firm: Firm) -> None:
    first, second = firm.write(2)
    with firm.store.write() as conn:
        tombstone = firm.ledger.erase(conn, [first], CLAUDE)
    firm.tamper("UPDATE payload SET body = NULL, tombstone = :t WHERE event_id = :i", t=tombstone.id, i=second)
    [finding] = firm.verdict().findings
    assert (finding.seq, finding.problem) == (2, "payload_missing")


def test_a_payload_that_came_back_after_its_erasure_is_found(firm: Firm) -> None:
    [first] = firm.write(1)
    with firm.raw.connect() as conn:
        body = conn.execute(text("SELECT body FROM payload")).scalar()
    with firm.store.write() as conn:
        firm.ledger.erase(conn, [first], CLAUDE)
    firm.tamper("UPDATE payload SET body = :b, tombstone = NULL WHERE event_id = :i", b=body, i=first)
    [finding] = firm.verdict().findings
    assert (finding.seq, finding.problem) == (1, "payload_back")


def remember(firm: Firm) -> None:
    """A decision, one that supersedes it, and a lesson, as their rooms write them."""
    decisions = Decisions(firm.store, firm.ledger, firm.clock, lambda: None)
    decisions.record("Static site", "simple", by=CLAUDE)
    decisions.record("No site", "simpler", supersedes="DEC-1", by=CLAUDE)
    Lessons(firm.store, firm.ledger, firm.clock, lambda: None).record("Ask first", "it cost a day", by=CLAUDE)


@pytest.mark.parametrize(
    ("statement", "seq", "words"),
    [("UPDATE decision SET actor = 'operator' WHERE ref = 'DEC-1'", 1, "says something else"),
     ("UPDATE decision SET at = '2020' WHERE ref = 'DEC-2'", 2, "says something else"),
     ("UPDATE decision SET supersedes = NULL WHERE ref = 'DEC-2'", 2, "says something else"),
     ("UPDATE decision SET ref = 'DEC-9' WHERE ref = 'DEC-1'", 1, "says something else"),
     ("UPDATE lesson SET subjects = '[\"P-1\"]'", 3, "says something else"),
     ("UPDATE lesson SET subjects = '[[1]]'", 3, "says something else"),
     ("DELETE FROM decision WHERE ref = 'DEC-1'", 1, "missing from the list of decisions"),
     ("DELETE FROM lesson", 3, "missing from the list of lessons"),
     ("UPDATE lesson SET event_id = 'nobody'", 3, "missing from the list of lessons")],
)  # fmt: skip
def test_a_list_that_says_something_else_than_the_ledger_is_found(
    firm: Firm, statement: str, seq: int, words: str
) -> None:
    remember(firm)
    assert firm.verdict().ok
    firm.tamper(statement)
    first = firm.verdict().findings[0]
    assert (first.seq, first.problem) == (seq, "register_differs")
    assert words in first.sentence


def test_a_decision_that_no_entry_records_is_found(firm: Firm) -> None:
    remember(firm)
    [entry] = firm.write(1)
    added = "INSERT INTO decision (ref, event_id, at, actor, subjects) VALUES ('DEC-9', :id, '', 'claude', '[]')"
    firm.tamper(added, id=entry)
    [finding] = firm.verdict().findings
    assert finding.sentence == "DEC-9 stands in the list of decisions, and no entry records it."


@pytest.mark.parametrize("table", ["event", "event_subject", "payload", "decision", "lesson"])
def test_a_table_that_no_trigger_guards_any_more_is_found(firm: Firm, table: str) -> None:
    firm.write(1)
    with firm.raw.connect() as conn:
        if conn.dialect.name == "sqlite":
            conn.execute(text(f"DROP TRIGGER {table}_no_delete"))
        else:
            conn.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        conn.commit()
    [finding] = firm.verdict().findings
    assert (finding.problem, f"“{table}”" in finding.sentence) == ("unguarded", True)


@pytest.mark.parametrize("table", ["event", "event_subject", "payload", "decision", "lesson"])
def test_a_trigger_that_stands_and_lets_everything_pass_is_found(firm: Firm, table: str) -> None:
    firm.write(1)
    name = "payload_only_erased" if table == "payload" else f"{table}_no_{'update' if firm.sqlite else 'change'}"
    with firm.raw.connect() as conn:
        if firm.sqlite:
            made = conn.execute(text("SELECT sql FROM sqlite_master WHERE name = :n"), {"n": name}).scalar_one()
            passing = made.replace(f" ON {table} ", f" ON {table} WHEN 0 AND ", 1).replace("AND WHEN", "AND")
            conn.execute(text(f"DROP TRIGGER {name}"))
            conn.exec_driver_sql(passing.replace("AND BEGIN", "BEGIN"))
        else:
            conn.execute(text(f"DROP TRIGGER {name} ON {table}"))
            refuse = "FOR EACH ROW WHEN (OLD IS NULL) EXECUTE FUNCTION onefirm_refuse()"
            conn.execute(text(f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} {refuse}"))
        conn.commit()
    [finding] = firm.verdict().findings
    assert (finding.problem, f"“{table}”" in finding.sentence) == ("unguarded", True)


def test_a_function_that_refuses_nothing_any_more_guards_nothing(firm: Firm) -> None:
    firm.write(1)
    if firm.sqlite:
        return  # its triggers hold their statements themselves
    with firm.raw.connect() as conn:
        empty = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
        conn.execute(text(f"CREATE OR REPLACE FUNCTION onefirm_refuse() {empty}"))
        conn.commit()
    assert {finding.problem for finding in firm.verdict().findings} == {"unguarded"}


def test_of_a_list_of_which_every_row_differs_only_the_first_rows_are_read(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    decisions = Decisions(firm.store, firm.ledger, firm.clock, lambda: None)
    for number in range(30):
        decisions.record(f"Choice {number}", "simple", by=CLAUDE)
    firm.tamper("UPDATE decision SET actor = 'operator'")
    read: list[int] = []
    found = registers._found
    monkeypatch.setattr(registers, "_found", lambda row, words: (read.append(row["seq"]), found(row, words))[1])
    with firm.store.read() as conn:
        told = registers.findings(conn)
        assert (next(told).seq, read) == (1, [1])
        assert len([*told]) == 20


def test_findings_are_bounded_and_say_that_there_are_more(firm: Firm) -> None:
    firm.write(40)
    firm.tamper("UPDATE event SET actor = 'operator'")
    verdict = firm.verdict()
    assert (len(verdict.findings), verdict.more, verdict.findings[0].seq) == (20, True, 1)


def test_verify_reports_its_progress(firm: Firm) -> None:
    from onefirm.ledger import verify as room

    firm.write(5)
    told: list[tuple[int, int]] = []
    every, room._PROGRESS_EVERY = room._PROGRESS_EVERY, 2
    try:
        with firm.store.read() as conn:
            verify(conn, progress=lambda done, total: told.append((done, total)))
    finally:
        room._PROGRESS_EVERY = every
    assert told == [(2, 5), (4, 5)]


# -- any single change -------------------------------------------------------------------------------------------------

LENGTH = 9


def _altered(column: str, value: str) -> Callable[[Firm, int], None]:
    return lambda firm, seq: firm.tamper(f"UPDATE event SET {column} = :v WHERE seq = :s", v=value, s=seq)


def _payload(setting: str) -> Callable[[Firm, int], None]:
    where = "WHERE event_id = (SELECT id FROM event WHERE seq = :s)"
    return lambda firm, seq: firm.tamper(f"UPDATE payload SET {setting} {where}", s=seq)


def _replaced(firm: Firm, seq: int) -> None:
    firm.tamper("UPDATE event SET actor = 'operator' WHERE seq = :s", s=seq)
    firm.rehash(seq)


def _removed(firm: Firm, seq: int, *, renumber: bool = False) -> None:
    firm.tamper(
        "DELETE FROM payload WHERE event_id = (SELECT id FROM event WHERE seq = :s)",
        "DELETE FROM event_subject WHERE event_id = (SELECT id FROM event WHERE seq = :s)",
        "DELETE FROM event WHERE seq = :s",
        s=seq,
    )
    if renumber:
        firm.tamper(
            "UPDATE event SET seq = -seq WHERE seq > :s", "UPDATE event SET seq = -seq - 1 WHERE seq < 0", s=seq
        )


def _inserted(firm: Firm, seq: int) -> None:
    firm.tamper("UPDATE event SET seq = -seq WHERE seq >= :s", "UPDATE event SET seq = -seq + 1 WHERE seq < 0", s=seq)
    like = firm.row(seq + 1)
    row = {**like, "seq": seq, "id": "forged", "effect_key": None}
    row["hash"] = entry_hash(row)
    names = (*HASHED, "hash")
    firm.tamper(
        f"INSERT INTO event ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)})",
        "INSERT INTO payload SELECT 'forged', body, NULL FROM payload WHERE event_id = :like",
        "INSERT INTO event_subject SELECT ref, 'forged', at FROM event_subject WHERE event_id = :like",
        **row,
        like=like["id"],
    )


def _swapped(firm: Firm, seq: int, distance: int = 1) -> None:
    other = seq + distance
    firm.tamper(
        "UPDATE event SET seq = -1 WHERE seq = :a",
        "UPDATE event SET seq = :a WHERE seq = :b",
        "UPDATE event SET seq = :b WHERE seq = -1",
        a=seq,
        b=other,
    )


def _payloads_swapped(firm: Firm, seq: int) -> None:
    body = "(SELECT p.body FROM payload p JOIN event e ON e.id = p.event_id WHERE e.seq = {})"
    with firm.raw.connect() as conn:
        bodies = [conn.execute(text(f"SELECT {body.format(n)}")).scalar() for n in (seq, seq + 1)]
    for number, other in ((seq, bodies[1]), (seq + 1, bodies[0])):
        firm.tamper(
            "UPDATE payload SET body = :b WHERE event_id = (SELECT id FROM event WHERE seq = :s)", b=other, s=number
        )


def _subject(statement: str) -> Callable[[Firm, int], None]:
    return lambda firm, seq: firm.tamper(statement.format(one="(SELECT id FROM event WHERE seq = :s)"), s=seq)


MUTATIONS: dict[str, Callable[[Firm, int], None]] = {
    "id": _altered("id", "another"),
    "at": _altered("at", "2026-11-03T00:00:00.000000Z"),
    "actor": _altered("actor", "operator"),
    "session": _altered("session", "S-B"),
    "kind": _altered("kind", "record.seen"),
    "version": lambda firm, seq: firm.tamper("UPDATE event SET version = 2 WHERE seq = :s", s=seq),
    "subjects": _altered("subjects", '["T-9"]'),
    "subjects that are no JSON": _altered("subjects", "[oops"),
    "cause": _altered("cause", "x"),
    "effect_key": _altered("effect_key", "x"),
    "payload_sha256": _altered("payload_sha256", "0" * 64),
    "prev": _altered("prev", "f" * 64),
    "hash": _altered("hash", "f" * 64),
    "payload changed": _payload("body = replace(body, 'task', 'mask')"),
    "payload no JSON": _payload("body = 'x'"),
    "payload gone": _payload("body = NULL"),
    "payload gone, tombstone made up": _payload("body = NULL, tombstone = 'x'"),
    "payload marked as erased": _payload("tombstone = 'x'"),
    "payload row removed": _subject("DELETE FROM payload WHERE event_id = {one}"),
    "payloads exchanged": _payloads_swapped,
    "replaced with a fitting hash": _replaced,
    "removed": _removed,
    "removed, the later ones renumbered": lambda firm, seq: _removed(firm, seq, renumber=True),
    "inserted, the later ones renumbered": _inserted,
    "exchanged with the next": _swapped,
    "exchanged with one further on": lambda firm, seq: _swapped(firm, seq, 3),
    "subject removed from the index": _subject("DELETE FROM event_subject WHERE event_id = {one} AND ref = 'P-1'"),
    "subject added to the index": _subject("INSERT INTO event_subject SELECT 'P-9', event_id, at FROM event_subject "
                                           "WHERE event_id = {one} AND ref = 'P-1'"),
    "subject changed in the index": _subject("UPDATE event_subject SET ref = 'P-9' WHERE event_id = {one} "
                                             "AND ref = 'P-1'"),
    "time changed in the index": _subject("UPDATE event_subject SET at = 'x' WHERE event_id = {one}"),
}  # fmt: skip


@pytest.mark.parametrize("seq", [1, LENGTH - 3])
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_any_single_change_is_found_and_the_first_bad_entry_named(firm: Firm, mutation: str, seq: int) -> None:
    firm.write(LENGTH)
    MUTATIONS[mutation](firm, seq)
    verdict = firm.verdict()
    assert not verdict.ok
    assert verdict.findings[0].seq == seq, verdict.findings
    assert verdict.findings[0].chain_id == "laptop"


CHANGES_IN_PLACE = [name for name in MUTATIONS if not name.startswith(("exchanged", "inserted", "removed", "payloads"))]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.data())
def test_a_random_change_in_a_random_ledger_is_named(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    folder = tmp_path_factory.mktemp("firm")
    firm = Firm(sqlite_url(folder), FixedClock())
    server = firm.chain("server")
    length = data.draw(st.integers(1, 12), "length")
    for _ in range(length):
        firm.write(1)
        firm.write(data.draw(st.integers(0, 1)), server)
    erased = data.draw(st.sets(st.integers(1, length), max_size=2), "erased")
    if erased:
        with firm.store.write() as conn:
            firm.ledger.erase(conn, [firm.row(seq)["id"] for seq in sorted(erased)], CLAUDE)
    anchor = firm.head()
    assert firm.verdict(anchor).ok
    seq = data.draw(st.integers(1, length).filter(lambda n: n not in erased), "entry") if len(erased) < length else 1
    mutation = data.draw(st.sampled_from(CHANGES_IN_PLACE), "mutation")
    own = "chain_id = 'laptop' AND seq = :s"
    original = firm.tamper
    firm.tamper = lambda *lines, **values: original(*(line.replace("seq = :s", own) for line in lines), **values)  # type: ignore[method-assign]
    if seq in erased:
        mutation = "actor"
    MUTATIONS[mutation](firm, seq)
    verdict = firm.verdict(anchor)
    assert not verdict.ok
    assert (verdict.findings[0].chain_id, verdict.findings[0].seq) == ("laptop", seq), verdict.findings
    firm.close()


# -- damage below the rows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flip", [0x01, 0x80], ids=["to another letter", "to no UTF-8"])
@pytest.mark.parametrize("mark", ["Draft 5", "zebra-actor", "key-of-five", "2026-11-02T08:05"])
def test_a_byte_changed_in_the_file_is_named(tmp_path: Path, clock: FixedClock, mark: str, flip: int) -> None:
    firm = Firm(sqlite_url(tmp_path), clock)
    for number in range(1, 9):
        clock.advance(minutes=1)
        with firm.store.write() as conn:
            key, actor = ("key-of-five", "zebra-actor") if number == 5 else (None, "claude")
            firm.ledger.append(
                conn, "record.seen", {"title": f"Draft {number}"}, subjects=["T-1"], by=By(actor), effect_key=key
            )
    firm.store.close()
    firm.raw.dispose()
    path = tmp_path / "firm.db"
    whole = path.read_bytes()
    places = [at for at in range(len(whole)) if whole.startswith(mark.encode(), at)]
    assert places
    for at in places:
        path.write_bytes(whole[: at + 3] + bytes([whole[at + 3] ^ flip]) + whole[at + 4 :])
        with firm.store.read() as conn:
            verdict = verify(conn)
        firm.store.close()
        assert not verdict.ok
        assert verdict.findings[0].seq == 5 or verdict.findings[0].problem == "storage", verdict.findings


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.integers(min_value=0), st.integers(1, 255))
def test_whatever_byte_of_the_file_changes_the_check_ends_in_words(
    tmp_path_factory: pytest.TempPathFactory, at: int, flip: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "flipped"
    if not folder.exists():
        folder.mkdir()
        whole = Firm(sqlite_url(folder), FixedClock())
        whole.write(60)
        whole.close()
    content = bytearray((folder / "firm.db").read_bytes())
    content[at % len(content)] ^= flip
    (folder / "flipped.db").write_bytes(content)
    with suppress(Unavailable):  # what SQLite itself can't read is told as a damaged database
        store = Store.open(f"sqlite:///{folder}/flipped.db")
        with store.read() as conn:
            verdict = verify(conn)
        store.close()
        assert verdict.ok or all(finding.sentence.isprintable() for finding in verdict.findings)


def test_subjects_that_hold_json_of_another_shape_do_not_stop_the_check(firm: Firm) -> None:
    firm.write(2)
    firm.tamper("UPDATE event SET subjects = :v WHERE seq = 1", v=json.dumps(5))
    assert firm.verdict().findings[0].seq == 1
