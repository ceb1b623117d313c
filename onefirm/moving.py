"""Moving a firm's records to another truth: planned, with a way back, resumable, verified, and only then switched.

Nothing is deleted at the old truth in Notion; what the embedded store held is in the copy that is made before.
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from onefirm import settings as settings_file
from onefirm import workspace
from onefirm.bootstrap import Firm, notion_token, open_firm
from onefirm.core.attribution import By
from onefirm.core.clock import Clock, SystemClock, iso
from onefirm.core.errors import FirmError, Refused, Unavailable
from onefirm.day import backups
from onefirm.lock import Hold, Lock
from onefirm.secrets import Secret
from onefirm.state import home as homes
from onefirm.state import mirror, transfer
from onefirm.state.home import CALLED, Home
from onefirm.state.schema import Schema
from onefirm.state.transfer import Held
from onefirm.state.truth.base import TruthRow
from onefirm.store.engine import Store

if TYPE_CHECKING:
    from onefirm.state.truth.notion.fit import Unheld
    from onefirm.state.truth.notion.found import Plot
    from onefirm.state.truth.notion.mapping import NotionMapping
    from onefirm.state.truth.notion.truth import NotionTruth

_ROUNDS = 5
_FEW = 5
_SIMULATED_RATE = 200.0
"""Requests a second to a Notion on this machine, which keeps no account's budget."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator said: the page to make databases under, a simulated Notion's address, what may stay behind."""

    under: str | None = None
    at: str | None = None
    leave_behind: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """So many records of one kind, of which so many are archived."""

    kind: str
    records: int
    archived: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a move would do. `unheld`: values that the new truth can't hold. `stays`: what isn't moved, in sentences.

    `against`: why it would be refused, with what to do.
    """

    to: Home
    counts: tuple[Count, ...]
    requests: int
    seconds: int
    unheld: tuple[Unheld, ...] = ()
    stays: tuple[str, ...] = ()
    against: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        """All of them."""
        return sum(one.records for one in self.counts)


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did; `checkpoint` is the database from before it, None where a server keeps it."""

    plan: Plan
    checkpoint: Path | None


def plan(root: Path, to: Home, wishes: Wishes, clock: Clock | None = None) -> Plan:
    """What `move` would do; nothing is changed. Raises Refused where the records are there already."""
    with open_firm(root, may_migrate=True, clock=clock, at_home=True) as firm:
        _refuse_there(firm, to)
        return _Leaving(firm, wishes).plan() if to == "notion" else _Returning(firm).plan()


def move(
    root: Path,
    to: Home,
    wishes: Wishes,
    by: By,
    *,
    clock: Clock | None = None,
    tell: Tell = lambda said: None,
    pause: Callable[[float], None] = time.sleep,
) -> Moved | None:
    """Move the records, or go on where that was cut off; None where only onefirm.yaml was left to write.

    1. Hold the plan against what would refuse it, and copy the database.
    2. Bring every record to the new truth, and read all of them back.
    3. Switch the store to it, in one transaction.
    4. Write onefirm.yaml.

    Raises Refused, InvalidInput, NotFound, and Unavailable while Notion can't be asked: the same call goes on.
    """
    with _alone(root):
        if _is_left(root, to):
            settings_file.change(root, "truth", to)
            return None
        with open_firm(root, may_migrate=True, clock=clock, at_home=True) as firm:
            _refuse_there(firm, to)
            way = _Leaving(firm, wishes, tell, pause) if to == "notion" else _Returning(firm, tell)
            moved = way.move(by)
            firm.records.plane.step("switched")
        settings_file.change(root, "truth", to)
    return moved


class _Leaving:
    """From the embedded store to Notion."""

    def __init__(
        self, firm: Firm, wishes: Wishes, tell: Tell = lambda said: None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._firm = firm
        self._plane = firm.records.plane
        self._wishes = wishes
        self._tell = tell
        self._pause = pause
        self._page = self._under()

    def plan(self) -> Plan:
        """Rows and values are held against the mapping, made or imagined; of Notion only strange rows are asked for."""
        held = self._held()
        against = _refusals([lambda: transfer.wait_for_quiet(self._plane)])
        try:
            mapping = self._mapping(held) or self._imagined(held)
        except FirmError as error:
            return self._planned(held, None, [*against, _told(error)])
        against += _refusals([lambda: notion_token(self._firm.secrets)])
        if not against and self._mapping(held):
            against += _refusals([lambda: self._check_strangers(mapping)])
        return self._planned(held, mapping, against)

    def move(self, by: By) -> Moved:
        """As `move` above says."""
        transfer.wait_for_quiet(self._plane)
        notion_token(self._firm.secrets)
        held = self._held()
        mapping = self._mapping(held)
        planned = self._planned(held, mapping or self._imagined(held), [])
        _refuse(planned)
        if planned.unheld and not self._wishes.leave_behind:
            raise Refused(
                f"Notion can't hold {len(planned.unheld)} values: {_unheld(planned.unheld)}. Nothing was moved.",
                hint="Mend them, or move without them (`--leave-behind`): they stay in the ledger and in the copy of "
                "the database that is made before.",
            )
        checkpoint = _checkpoint(self._firm, "notion")
        self._plane.step("checkpointed")
        mapping = mapping or self._found(held)
        self._plane.step("founded")
        with closing(self._truth(mapping)) as truth:
            self._carry(truth, mapping, by, checkpoint)
        return Moved(planned, _path(self._firm, checkpoint))

    def _carry(self, truth: NotionTruth, mapping: NotionMapping, by: By, checkpoint: str) -> None:
        from onefirm.state.truth.notion.arrival import Arrival

        plane = self._plane
        with plane.store.read() as conn:
            since = transfer.away_since(conn)
        arrival = Arrival(
            truth, plane.store, plane.schema, plane.ledger.chain_id, plane.clock, since, self._tell, self._pause
        )
        arrival.check()
        for _ in range(_ROUNDS):
            held = self._held()
            rows, unheld = self._fitting(held, mapping)
            if unheld and not self._wishes.leave_behind:
                raise Refused(f"Notion can't hold: {_unheld(unheld)}.", hint="Mend that; the same command goes on.")
            arrival.bring(rows)
            plane.step("carried")
            arrived = arrival.verified(rows)
            plane.step("verified")
            if transfer.to_notion(plane, held, arrived.rows, arrived.watermark, by, checkpoint):
                return
            self._tell("records were written meanwhile: once more")
        raise Refused("Somebody keeps writing records.", hint="End the other sessions; then the same command goes on.")

    # -- what goes -----------------------------------------------------------------------------------------------------

    def _held(self) -> Held:
        self._firm.records.sync()
        with self._plane.store.read() as conn:
            return transfer.embedded(conn)

    def _fitting(self, held: Held, mapping: NotionMapping) -> tuple[list[TruthRow], list[Unheld]]:
        from onefirm.state.truth.notion.fit import Fit

        fit = Fit(mapping, self._plane.schema, self._firm.settings.timezone, {row.ref for row in held.rows})
        fitted = [fit.of(row) for row in held.rows]
        return [row for row, _ in fitted], [one for _, some in fitted for one in some]

    def _planned(self, held: Held, mapping: NotionMapping | None, against: Sequence[str]) -> Plan:
        from onefirm.state.truth.notion import pace

        counts = _counts(self._plane.schema, ((row.kind, row.archived) for row in held.rows))
        kinds, rows = len(self._plane.schema.kinds), len(held.rows)
        archived = sum(one.archived for one in counts)
        requests = rows + 2 * archived + 4 * kinds + 2 * math.ceil(rows / 100)
        requests += 0 if (self._firm.root / "notion.yaml").exists() else 3 * kinds + 2
        seconds = round(max(0.0, requests / (mapping.pace if mapping else pace.RATE) - pace.BURST_S))
        lacking = _lacking(mapping, held) if mapping else []
        unheld = self._fitting(held, mapping)[1] if mapping and not lacking else []
        return Plan("notion", counts, requests, seconds, tuple(unheld), (), (*against, *lacking))

    # -- where to ------------------------------------------------------------------------------------------------------

    def _under(self) -> str | None:
        """The page's id. Notion is asked for it only where a title names it."""
        from onefirm.day import connect
        from onefirm.state.truth.notion import found
        from onefirm.state.truth.notion.mapping import NotionMapping

        under = self._wishes.under
        if not under or not connect.is_title(under):
            return found.page_id(under) if under else None
        token = connect.Token(Secret(notion_token(self._firm.secrets)), "where the firm keeps it", is_kept=True)
        with connect.asking(token, NotionMapping({}, self._address())) as survey:
            return connect.page(survey, under)

    def _address(self) -> str:
        from onefirm.state.truth.notion import mapping

        return mapping.address(self._wishes.at) if self._wishes.at else mapping.REAL

    def _mapping(self, held: Held) -> NotionMapping | None:
        """What notion.yaml says; None where databases shall be made. Raises Refused where nothing says where to."""
        from onefirm.state.truth.notion import found, mapping

        if not (self._firm.root / mapping.FILE).exists():
            if self._page is None:
                raise Refused(
                    "Nothing says where in Notion the records shall go.",
                    hint="`--under PAGE` makes databases under a page (link, id or title); `onefirm connect notion` "
                    "maps those that you have.",
                )
            return None
        if self._page and not found.is_noted(self._plane.store, self._page):
            raise Refused(
                f"{mapping.FILE} says already where in Notion the records are.",
                hint=f"Leave out --under, or move {mapping.FILE} away to make other databases.",
            )
        return mapping.read(self._firm.root, self._plane.schema)

    def _plot(self, held: Held) -> Plot:
        """Amounts are numbers as long as all of them are of the firm's own currency."""
        from onefirm.state.truth.notion.fit import Fit
        from onefirm.state.truth.notion.found import Plot, imagined

        plot = Plot(self._page or "", self._firm.settings.currency)
        schema = self._plane.schema
        fit = Fit(imagined(schema, plot), schema, "UTC", {row.ref for row in held.rows})
        money = {
            (kind.name, prop.name)
            for kind in schema.kinds.values() for prop in kind.properties.values() if prop.type == "money"
        }  # fmt: skip
        for row in held.rows:
            if row.kind in schema.kinds and any((row.kind, one.name) in money for one in fit.of(row)[1]):
                return replace(plot, amounts="text")
        return plot

    def _imagined(self, held: Held) -> NotionMapping:
        from onefirm.state.truth.notion.found import imagined

        return imagined(self._plane.schema, self._plot(held))

    def _found(self, held: Held) -> NotionMapping:
        from onefirm.state.truth.notion import found, mapping_text
        from onefirm.state.truth.notion.call import Caller
        from onefirm.state.truth.notion.pace import RATE, Pace

        base_url, rate = self._address(), _SIMULATED_RATE if self._wishes.at else RATE
        caller = Caller(notion_token(self._firm.secrets), base_url, Pace(rate))
        made = found.create_databases(
            caller, self._plane.store, self._plane.schema, self._plane.clock, self._plot(held), base_url=base_url,
            tell=self._tell, pause=self._pause,
        )  # fmt: skip
        made = replace(made, pace=rate)
        mapping_text.write(self._firm.root, mapping_text.text(made))
        return made

    def _truth(self, mapping: NotionMapping) -> NotionTruth:
        from onefirm.state.truth.notion.truth import NotionTruth

        firm, plane = self._firm, self._plane
        token = notion_token(firm.secrets)
        return NotionTruth.connect(plane.store, plane.schema, plane.clock, mapping, token, firm.settings.timezone)

    def _check_strangers(self, mapping: NotionMapping) -> None:
        from onefirm.state.truth.notion.arrival import Arrival

        plane = self._plane
        with closing(self._truth(mapping)) as truth:
            Arrival(
                truth, plane.store, plane.schema, plane.ledger.chain_id, plane.clock, "", self._tell, self._pause
            ).check()


class _Returning:
    """From Notion to the embedded store."""

    def __init__(self, firm: Firm, tell: Tell = lambda said: None) -> None:
        self._firm = firm
        self._plane = firm.records.plane
        self._tell = tell

    def plan(self) -> Plan:
        """Told from the mirror, after a pull."""
        return self._planned(_refusals([self._pull, lambda: transfer.wait_for_quiet(self._plane)]))

    def move(self, by: By) -> Moved:
        """As `move` above says."""
        self._pull()
        transfer.wait_for_quiet(self._plane)
        planned = self._planned([])
        checkpoint = _checkpoint(self._firm, "embedded")
        self._plane.step("checkpointed")
        self._verify()
        self._plane.step("verified")
        transfer.to_embedded(self._plane, by, checkpoint)
        return Moved(planned, _path(self._firm, checkpoint))

    def _pull(self) -> None:
        self._tell("taking over what changed in Notion")
        if not self._firm.records.sync(sweep=True).reachable:
            raise Unavailable(
                "Notion can't be asked now, and what changed there would be missing.",
                hint="`onefirm brief` says why; try again once it can.",
            )

    def _planned(self, against: Sequence[str]) -> Plan:
        with self._plane.store.read() as conn:
            known = [mirror.record_of(row) for row in conn.execute(mirror.rows())]
            stays = transfer.stays(conn, self._plane.schema)
        counts = _counts(self._plane.schema, ((one.kind, one.archived) for one in known))
        requests = 4 * len(self._plane.schema.kinds) + 2 * math.ceil(len(known) / 100)
        return Plan("embedded", counts, requests, 0, (), tuple(stays), tuple(against))

    def _verify(self) -> None:
        """Every record says what its page says. Raises Refused with the first few that don't."""
        self._tell("reading everything back")
        truth = self._plane.truth
        there = {row.ref: row for batch in truth.changed_since(None) for row in batch.rows}
        with self._plane.store.read() as conn:
            known = {one.ref: one for row in conn.execute(mirror.rows()) if (one := mirror.record_of(row))}
        wrong = sorted(
            ref for ref in {*known, *there}
            if not (ref in known and _says(known[ref], there.get(ref)))
        )  # fmt: skip
        again = truth.read(wrong)  # lists lag, pages don't
        wrong = [ref for ref in wrong if not (ref in known and _says(known[ref], again.get(ref)))]
        if wrong:
            raise Refused(
                f"{len(wrong)} records are not as Notion has them: {', '.join(wrong[:_FEW])}. Nothing was moved.",
                hint="Somebody is editing them there; the same command takes that over and tries again.",
            )


# -- both ways ---------------------------------------------------------------------------------------------------------


def _alone(root: Path) -> Hold:
    since = iso(SystemClock().now())
    if hold := Lock(root / workspace.HIDDEN / "move.lock").take(since):
        return hold
    raise Refused("Another process is moving this firm's records.", hint="Let it end.")


def _is_left(root: Path, to: Home) -> bool:
    """Whether the records are there, and only onefirm.yaml doesn't say so yet."""
    store = Store.open(workspace.store_url(root))
    try:
        with store.read() as conn:
            return homes.of(conn) == to and settings_file.load(root).truth != to
    finally:
        store.close()


def _refuse_there(firm: Firm, to: Home) -> None:
    if firm.settings.truth == to:
        raise Refused(f"The records are in {CALLED[to]} already.", hint="Nothing was changed.")


def _refuse(planned: Plan) -> None:
    if planned.against:
        raise Refused(f"The records can't be moved: {planned.against[0]}", hint="Nothing was changed.")


def _refusals(checks: Iterable[Callable[[], object]]) -> list[str]:
    told = list[str]()
    for check in checks:
        try:
            check()
        except FirmError as error:
            told.append(_told(error))
    return told


def _told(error: FirmError) -> str:
    return f"{error.message} {error.hint}".strip()


def _counts(schema: Schema, found: Iterable[tuple[str, bool]]) -> tuple[Count, ...]:
    records, archived = Counter[str](), Counter[str]()
    for kind, is_archived in found:
        records[kind] += 1
        archived[kind] += is_archived
    named = {name: schema.kinds[name].plural if name in schema.kinds else name for name in records}
    return tuple(Count(named[name], records[name], archived[name]) for name in sorted(records))


def _lacking(mapping: NotionMapping, held: Held) -> list[str]:
    """What a mapping must have for these rows, and hasn't."""
    kinds, told = sorted({row.kind for row in held.rows}), list[str]()
    if homeless := [kind for kind in kinds if kind not in mapping.places]:
        told.append(
            f"notion.yaml names no data source for {', '.join(homeless)}: `onefirm connect notion` proposes one."
        )
    without = [kind for kind in kinds if (place := mapping.places.get(kind)) and place.data_source and not place.key]
    if without:
        told.append(
            f"notion.yaml names no key for {', '.join(without)}: without that property a record that was moved can't "
            "be found again. `onefirm connect notion --add-key` adds it."
        )
    return told


def _checkpoint(firm: Firm, to: Home) -> str:
    """The name of the copy of the database from before the move; empty where a server keeps it."""
    plane, source = firm.records.plane, workspace.database_file(firm.root)
    with plane.store.read() as conn:
        kept = transfer.checkpoint_of(conn, to)
    if source is None or (kept and (_folder(firm) / kept).exists()):
        return kept
    name = f"firm-before-move-{workspace.stamp(plane.clock)}.db"
    try:
        backups.copy(source, _folder(firm) / name)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(
            f"The database can't be copied: {error}.", hint="Nothing was moved. Free some space, then try again."
        ) from None
    with plane.store.write() as conn:
        transfer.begin(conn, to, name)
    return name


def _path(firm: Firm, checkpoint: str) -> Path | None:
    return _folder(firm) / checkpoint if checkpoint else None


def _folder(firm: Firm) -> Path:
    return firm.root / workspace.HIDDEN / "backup"


def _unheld(some: Sequence[Unheld]) -> str:
    told = "; ".join(f"{one.ref} {one.name}: {one.why}" for one in some[:_FEW])
    return told if len(some) <= _FEW else f"{told}; and {len(some) - _FEW} more"


def _says(record: mirror.Record, row: TruthRow | None) -> bool:
    if row is None:
        return record.archived  # purged from Notion's trash, and kept here
    return (dict(record.props), record.archived) == (dict(row.props), row.archived)
