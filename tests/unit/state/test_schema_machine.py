"""Any sequence of edits of a kind's file, applications and writes: what was written is there, in a form that fits."""

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.office import OPERATOR, Office, agree, sqlite_office
from onefirm.core.errors import InvalidInput, Refused
from onefirm.state import schema as schemas
from onefirm.state import values
from onefirm.state.mirror import Record
from onefirm.state.records import Change, Records
from onefirm.state.schema import Kind, Property, Schema, Status
from onefirm.state.schema_change import Proposal
from onefirm.state.schema_plan import Declared
from onefirm.state.truth.embedded import EmbeddedTruth
from support.clock import FixedClock

NAMES = ("serial", "label", "price")
STATUSES = ("stored", "shelved", "rented")
FORMS: tuple[Mapping[str, Any], ...] = (
    {"type": "text"}, {"type": "number"}, {"type": "date"}, {"type": "money"}, {"type": "checkbox"},
    {"type": "choice", "options": ("new", "12", "yes")}, {"type": "relation", "to": "asset"},
    {"type": "relation", "to": "asset", "many": True},
)  # fmt: skip
WORDS = ("12", "0012", "12.50", "2026-11-21", "new", "yes", "80 EUR", "AS-1", "twelve", None)
BEGIN = Kind(
    "asset", "AS", "Assets", "A thing.",
    {"title": Property("title", "text", required=True), "status": Property("status", "status"),
     "serial": Property("serial", "text")},
    {"stored": Status("stored", "open", ("rented",)), "rented": Status("rented", "active", ("stored",))},
)  # fmt: skip

edits = st.one_of(
    st.tuples(st.just("property"), st.sampled_from(NAMES), st.sampled_from(FORMS), st.booleans()),
    st.tuples(st.just("drop"), st.sampled_from(NAMES)),
    st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("status"), st.sampled_from(STATUSES)),
    st.tuples(st.just("drop status"), st.sampled_from(STATUSES)),
    st.tuples(st.just("rename status"), st.sampled_from(STATUSES), st.sampled_from(STATUSES)),
)
acts = st.one_of(
    edits,
    st.tuples(st.just("write"), st.integers(1, 3), st.sampled_from(NAMES), st.sampled_from(WORDS)),
    st.tuples(st.just("move"), st.integers(1, 3), st.sampled_from(STATUSES)),
    st.tuples(st.just("undo"), st.integers(1, 3)),
    st.tuples(st.just("archive"), st.integers(1, 3)),
)


class Trial:
    """A firm with three assets, and the kind's file as it is being edited."""

    def __init__(self, folder: Path) -> None:
        self.office = sqlite_office(folder, FixedClock())
        self.kind, self.was = BEGIN, dict[tuple[str, str, str], str]()
        self.apply()
        for number in range(3):
            self.office.create("asset", serial=str(number))

    def edit(self, act: str, *words: Any) -> None:
        """One edit of the file; it may leave what can't be applied."""
        properties, statuses = dict(self.kind.properties), dict(self.kind.statuses)
        if act == "property":
            name, form, required = words
            properties[name] = Property(name, required=required, **form)
        elif act == "drop":
            properties.pop(words[0], None)
        elif act == "rename" and words[0] in properties and words[1] not in properties:
            properties[words[1]] = replace(properties.pop(words[0]), name=words[1])
            self.was["asset", "property", words[1]] = words[0]
        elif act == "status":
            statuses.setdefault(words[0], Status(words[0], "open", ()))
        elif act == "drop status" and len(statuses) > 1:
            statuses.pop(words[0], None)
        elif act == "rename status" and words[0] in statuses and words[1] not in statuses:
            statuses = {words[1] if name == words[0] else name: one for name, one in statuses.items()}
            statuses[words[1]] = replace(statuses[words[1]], name=words[1])
            self.was["asset", "status", words[1]] = words[0]
        others = tuple(statuses)
        statuses = {name: replace(one, moves=tuple(o for o in others if o != name)) for name, one in statuses.items()}
        self.kind = replace(self.kind, properties=properties, statuses=statuses)

    def apply(self, *remove: str) -> Proposal | None:
        """The proposal that came into force, with the firm opened anew; None when it was refused."""
        shipped = schemas.shipped().kinds
        asked = Declared({**shipped, "asset": self.kind}, self.was)
        before = self.office.mirrored()
        try:
            done = self.office.records.schema_apply(asked, OPERATOR, remove=remove, ready=lambda found: ())
        except (Refused, InvalidInput):
            assert self.office.mirrored() == before, "a refusal changes nothing"
            return None
        self._open()
        self.was = {}
        nothing_lost(before, self.office.mirrored(), done, remove)
        return done

    def _open(self) -> None:
        old = self.office
        with old.store.read() as conn:
            schema = schemas.current(conn)
        assert schema is not None
        truth = EmbeddedTruth(old.store, schema, old.clock)
        records = Records(old.store, old.ledger, truth, schema, old.clock, timezone="UTC", currency="EUR")
        self.office = Office(old.store, old.ledger, old.clock, schema, truth, records)

    def act(self, act: str, *words: Any) -> None:
        """One act of somebody at work; what is refused is refused."""
        with suppress(Refused, InvalidInput):
            if act == "write":
                self.office.update(f"AS-{words[0]}", **{words[1]: words[2]})
            elif act == "move":
                self.office.update(f"AS-{words[0]}", status=words[1])
            elif act == "undo":
                self.office.records.undo(f"AS-{words[0]}", OPERATOR)
            elif act == "archive":
                self.office.write(Change("archive", ref=f"AS-{words[0]}"))
            else:
                self.edit(act, *words)


def nothing_lost(
    before: Mapping[str, Record], after: Mapping[str, Record], done: Proposal, remove: Iterable[str]
) -> None:
    """Every value of before is there still, under its name or its new one, unless it was named to be taken out."""
    renamed = {step.was: step.name for step in done.steps if (step.thing, step.turn) == ("property", "renamed")}
    for ref, record in before.items():
        for name, value in record.props.items():
            if name == "status" or f"asset.{name}" in remove:
                continue
            assert same(value, after[ref].props.get(renamed.get(name, name))), (ref, name, value, after[ref].props)


def same(old: Any, new: Any) -> bool:
    """Whether two forms say the same: `12.50` and 12.5, `AS-1` and [AS-1], `yes` and True."""
    shown = [values.show(old), values.show(new)]
    if isinstance(new, bool):
        return old is new or str(old) == "yes"
    if isinstance(shown[1], list) or isinstance(shown[0], list):
        return [*shown[:1]] == shown[1] or shown[0] == shown[1] or shown[0] == [shown[1]]
    words = [str(one).replace(" EUR", "") for one in shown]
    return words[0] == words[1] or (words[0] != "0012" and float(words[0]) == float(words[1]))


def fits(office: Office, schema: Schema) -> None:
    """Every record's status is one of its kind's, and every value of a property is one that could be written."""
    for record in office.mirrored().values():
        kind = schema.kinds[record.kind]
        assert record.status in kind.statuses
        for name in set(record.props) & set(kind.properties):
            prop = kind.properties[name]
            read = values.read(office.records.plane.reading, kind, prop, values.show(record.props[name]))
            assert read == record.props[name], (name, prop, record.props[name])
        for prop in kind.properties.values():
            assert not prop.required or record.props.get(prop.name) is not None


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.lists(acts, max_size=5), st.booleans()), min_size=1, max_size=6))
def test_no_sequence_of_changes_loses_a_value_or_leaves_one_that_does_not_fit(
    rounds: list[tuple[list[tuple[Any, ...]], bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder))
        with closing(trial.office.store):
            for steps, taken_out in rounds:
                for one in steps:
                    trial.act(*one)
                left = sorted({name for row in trial.office.mirrored().values() for name in row.props})
                gone = [f"asset.{name}" for name in left if name not in trial.kind.properties]
                trial.apply(*(gone if taken_out else ()))
                agree(trial.office)
                fits(trial.office, trial.office.schema)
