"""Anything may happen, in any order: at rest truth, mirror and ledger say the same, and nothing is lost or doubled."""

import shutil
import tempfile
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contract.office import CLAUDE, OPERATOR, Office, agree, sqlite_office
from contract.truths import Broken, Fault
from onefirm.core.errors import FirmError
from onefirm.ledger.verify import verify
from onefirm.state.records import Change, Written
from onefirm.store.inbox import InboxItem
from support.clock import FixedClock

KINDS = st.sampled_from(["task", "project", "client"])
STATUSES = st.sampled_from(["todo", "doing", "waiting", "done", "discovery", "delivery", "active", "paused"])
DUES = st.sampled_from([None, "2026-11-01", "2026-12-01", "2027-01-01"])


class Killed(BaseException):
    """The process dies here."""


class Firm(RuleBasedStateMachine):
    """One firm on the embedded truth. Every owner that is ever written is another word, so that each can be counted."""

    refs = Bundle("refs")
    truth = "embedded"

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=Path.home()))
        self.clock = FixedClock()
        self.office: Office = self._open()
        self.words = count(1)
        self.promised: set[str] = set()  # words whose write was answered: they must be in the ledger once
        self.dropped: set[str] = set()  # words that the operator decided against
        self.die_at: str | None = None
        self.office = self.office.again(step=self._step)

    def _open(self) -> Office:
        return sqlite_office(self.folder, self.clock, self.truth)

    def _step(self, name: str) -> None:
        if name == self.die_at:
            self.die_at = None
            raise Killed

    def _died(self) -> None:
        self.clock.advance(minutes=5)

    def _word(self) -> str:
        return f"word-{next(self.words)}"

    def _do(self, changes: list[Change], words: list[str], key: str | None = None) -> list[Written]:
        try:
            answers = self.office.records.write(changes, CLAUDE, key=key)
        except (FirmError, Broken):
            return []
        except Killed:
            self._died()
            return []
        self.promised |= {word for word, answer in zip(words, answers, strict=True) if answer.receipt != "seen"}
        return answers

    # -- what we do ----------------------------------------------------------------------------------------------------

    @rule(target=refs, kind=KINDS, due=DUES)
    def create(self, kind: str, due: str | None) -> Any:
        word = self._word()
        extra = {"due": due} if kind != "client" else {}
        answers = self._do([Change("create", kind=kind, set={"title": word, "owner": word, **extra})], [word])
        return multiple(*(answer.ref for answer in answers))

    @rule(ref=refs, status=STATUSES, due=DUES)
    def update(self, ref: str, status: str, due: str | None) -> None:
        word = self._word()
        sets: dict[str, Any] = {"owner": word}
        if not ref.startswith("CL"):
            sets["due"] = due
        self._do([Change("update", ref=ref, set=sets)], [word])
        self._do([Change("update", ref=ref, set={"status": status})], [""])

    @rule(ref=refs, other=refs)
    def batch(self, ref: str, other: str) -> None:
        one, two, three = self._word(), self._word(), self._word()
        changes = [
            Change("update", ref=ref, set={"owner": one}),
            Change("update", ref=other, set={"owner": two}),
            Change("create", kind="task", set={"title": three, "owner": three}),
        ]
        if ref != other:
            self._do(changes, [one, two, three])

    @rule(ref=refs, times=st.integers(2, 3))
    def repeated(self, ref: str, times: int) -> None:
        word = self._word()
        for _ in range(times):
            self._do([Change("update", ref=ref, set={"owner": word})], [word], key=word)

    @rule(ref=refs, op=st.sampled_from(["archive", "restore"]))
    def archive(self, ref: str, op: Any) -> None:
        self._do([Change(op, ref=ref)], [""])

    @rule(ref=refs)
    def undo(self, ref: str) -> None:
        try:
            self.office.records.undo(ref, OPERATOR)
        except (FirmError, Broken):
            pass
        except Killed:
            self._died()

    @rule(ref=refs)
    def look(self, ref: str) -> None:
        try:
            self.office.records.get(ref, CLAUDE)
        except FirmError:
            pass
        except Killed:
            self._died()

    @rule()
    def sync(self) -> None:
        try:
            self.office.records.sync()
        except Killed:
            self._died()

    @rule(step=st.sampled_from(["claimed", "applied", "relayed", "read"]))
    def die_soon(self, step: str) -> None:
        self.die_at = step

    # -- what must hold ------------------------------------------------------------------------------------------------

    @invariant()
    def no_word_is_told_twice(self) -> None:
        assert [word for word, times in self._told().items() if times > 1] == []

    def _told(self) -> Counter[str]:
        told: Counter[str] = Counter()
        for event in self.office.events("record.created", "record.updated"):
            payload = event.payload or {}
            # by the operator's word what was written before is written again: undone, or found overwritten afterwards
            again = payload.get("undo_of") or str(event.effect_key).startswith("race:")
            if not again and (owner := payload["after"].get("owner")):
                told[owner] += 1
        return told

    def _come_to_rest(self) -> None:
        self.die_at = None
        self.clock.advance(hours=2)
        self.office.records.sync()
        for _ in range(20):
            if not self.office.waiting():
                break
            for item in self.office.records.conflicts():
                self._answer(item)
            self.clock.advance(hours=2)
            self.office.records.sync()

    def _answer(self, item: InboxItem) -> None:
        """The operator decides one question for good."""
        waiting = [one for one in self.office.records.pending() if one.key == item.payload["key"]]
        self.dropped |= {str(one.set.get("owner")) for one in waiting}
        self.office.records.decide_conflict(item.id, "theirs", OPERATOR)

    def _story(self, words: set[str]) -> str:
        told = (
            f"{e.at} {e.actor} {e.kind} {e.subjects} {e.effect_key} {dict(e.payload or {})}"
            for e in self.office.events()
        )
        return "\n".join(line for line in told if any(f"'{word}'" in line for word in words))

    def teardown(self) -> None:
        self._come_to_rest()
        assert self.office.waiting() == 0
        assert self.office.records.conflicts() == []
        agree(self.office)
        missing = self.promised - {""} - self._told().keys() - self.dropped
        assert not missing, f"answered, and never written: {missing}\n{self._story(missing)}"
        titles = Counter(row.props["title"] for row in self.office.true().values())
        assert [title for title, times in titles.items() if times > 1] == []
        with self.office.store.read() as conn:
            verdict = verify(conn)
        assert verdict.ok, verdict.findings
        self.office.store.close()
        shutil.rmtree(self.folder)


class RemoteFirm(Firm):
    """The same firm on the truth that is slow, fails, loses answers and is edited by others."""

    truth = "slow"
    refs = Firm.refs

    @rule(down=st.booleans())
    def reach(self, down: bool) -> None:
        self.office.slow.down = down

    @rule(lagging=st.booleans())
    def lag(self, lagging: bool) -> None:
        self.office.slow.lagging = lagging

    @rule(fault=st.sampled_from(get_args(Fault)))
    def fail_soon(self, fault: Any) -> None:
        self.office.slow.faults.append(fault)

    @precondition(lambda self: self.office.slow.rows)
    @rule(data=st.data(), due=DUES)
    def somebody_edits(self, data: st.DataObject, due: str | None) -> None:
        ref = data.draw(st.sampled_from(sorted(self.office.slow.rows)))
        name = data.draw(st.sampled_from(["owner", "title"] + ["due"] * (not ref.startswith("CL"))))
        self.office.slow.edit(ref, **{name: due if name == "due" else f"outside {next(self.words)}"})

    @precondition(lambda self: self.office.slow.rows)
    @rule(data=st.data(), archived=st.booleans())
    def somebody_archives(self, data: st.DataObject, archived: bool) -> None:
        self.office.slow.archive(data.draw(st.sampled_from(sorted(self.office.slow.rows))), archived)

    @rule(target=Firm.refs)
    def somebody_adds(self) -> str:
        return self.office.slow.add("task", title=f"outside {next(self.words)}", status="todo")

    @precondition(lambda self: self.office.slow.rows)
    @rule(data=st.data())
    def somebody_edits_right_now(self, data: st.DataObject) -> None:
        ref = data.draw(st.sampled_from(sorted(self.office.slow.rows)))
        word = f"outside {next(self.words)}"
        self.office.slow.meanwhile = lambda: self.office.slow.edit(ref, owner=word)

    @precondition(lambda self: self.office.records.conflicts())
    @rule(keep=st.sampled_from(["mine", "theirs"]))
    def decide(self, keep: Any) -> None:
        item = self.office.records.conflicts()[0]
        waiting = [one for one in self.office.records.pending() if one.key == item.payload["key"]]
        try:
            self.office.records.decide_conflict(item.id, keep, OPERATOR)
        except FirmError:
            return
        except Killed:
            self._died()
        if keep == "theirs":
            self.dropped |= {str(one.set.get("owner")) for one in waiting}

    def _come_to_rest(self) -> None:
        slow = self.office.slow
        slow.down, slow.lagging, slow.faults, slow.meanwhile = False, False, [], None
        super()._come_to_rest()


@pytest.mark.slow
@pytest.mark.parametrize("firm", [Firm, RemoteFirm])
def test_whatever_happens_truth_mirror_and_ledger_agree_at_rest(firm: type[Firm]) -> None:
    run_state_machine_as_test(firm, settings=settings(stateful_step_count=30))  # type: ignore[no-untyped-call]
