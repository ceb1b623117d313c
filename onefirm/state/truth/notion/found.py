"""Making a firm's databases in Notion: one for each kind of record, under a page that the operator names.

Each is noted in the store before it is asked for, and carries a mark in its description, so that whoever was cut off
goes on where it was and makes nothing twice. Databases that nobody made for this are never touched.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias, cast

from sqlalchemy import select

from onefirm.core.clock import Clock, iso, parse_iso
from onefirm.core.errors import InvalidInput, NotFound, Refused, Unavailable
from onefirm.state.schema import Group, Kind, Property, Schema
from onefirm.state.truth.base import AnswerLost, Rejected, TruthError
from onefirm.state.truth.notion.call import Caller, Missing
from onefirm.state.truth.notion.loop import Loop
from onefirm.state.truth.notion.mapping import HOLDS, Column, NotionMapping, NotionType, Option, Place, same_id
from onefirm.state.truth.notion.values import text_items
from onefirm.store.engine import Store
from onefirm.store.tables import setting

LAG = timedelta(seconds=120)
"""Only then may it be said that a database whose answer was lost was not made."""
Amounts: TypeAlias = Literal["number", "text"]
"""A `number` holds one currency and can be summed in Notion, a `text` holds any."""
_NOTE = "notion.founding"
_KEY = "onefirm key"
_AGAIN_S = 5.0
_ID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_COLORS: Mapping[Group, str] = {
    "open": "gray", "active": "blue", "waiting": "yellow", "blocked": "red", "paused": "brown", "done": "green",
    "dropped": "default",
}  # fmt: skip
_FORMATS: Mapping[str, str] = {
    "EUR": "euro", "USD": "dollar", "GBP": "pound", "CHF": "franc", "JPY": "yen", "CAD": "canadian_dollar",
    "AUD": "australian_dollar", "INR": "rupee", "SEK": "krona", "NOK": "norwegian_krone", "DKK": "danish_krone",
    "PLN": "zloty",
}  # fmt: skip
_Note: TypeAlias = dict[str, Any]
Source: TypeAlias = Mapping[str, Any]
"""A data source as Notion shows it."""


@dataclass(frozen=True, slots=True)
class Plot:
    """How the databases shall be. `key`: the operator agrees to a property of ours by which rows are found again."""

    page: str
    currency: str
    key: bool = True
    amounts: Amounts = "number"


def page_id(text: str) -> str:
    """The id of a page, of its address or written by itself. Raises InvalidInput."""
    found = _ID.findall(text.partition("?")[0])
    if not found:
        raise InvalidInput(
            f"“{text[:80]}” names no page of Notion.",
            hint="Open the page in Notion, and copy its link (Share → Copy link).",
        )
    return found[-1].replace("-", "").lower()


def is_noted(store: Store, page: str) -> bool:
    """Whether databases were made, or begun, under this page."""
    with store.read() as conn:
        kept: Any = conn.execute(select(setting.c.value).where(setting.c.name == _NOTE)).scalar()
    return bool(kept) and same_id(str(kept["page"]), page)


def create_databases(
    caller: Caller,
    store: Store,
    schema: Schema,
    clock: Clock,
    plot: Plot,
    *,
    base_url: str,
    tell: Callable[[str], None] = lambda said: None,
    pause: Callable[[float], None] = time.sleep,
) -> NotionMapping:
    """Make what is missing of the databases under a page; what they are is the answer, whole each time.

    1. Each kind's database: the one that is noted or marked, else a new one.
    2. Properties that one lacks, relations among them, since these need the others.

    The caller is closed afterwards. Raises NotFound for a page that the connection can't see, Refused where a database
    of somebody else has a kind's name there, Unavailable while Notion can't be asked.
    """
    loop = Loop()
    try:
        with closing(_Founder(caller, loop, store, clock, plot, tell, pause)) as founder:
            found = {kind.name: founder.source(kind) for kind in schema.kinds.values()}
            places = {kind.name: founder.complete(kind, found) for kind in schema.kinds.values()}
    except TruthError as error:
        raise Unavailable(
            f"The databases in Notion aren't whole yet: {error}.", hint="The same command goes on where this ended."
        ) from None
    return NotionMapping(places, base_url)


def more_databases(
    caller: Caller, loop: Loop, store: Store, clock: Clock, plot: Plot, kinds: Sequence[Kind], homes: Mapping[str, str]
) -> list[Place]:
    """Make databases for further kinds, as above; `homes` has the data sources of the others. Raises TruthError."""
    founder = _Founder(caller, loop, store, clock, plot, lambda said: None, time.sleep)
    made = {kind.name: founder.source(kind) for kind in kinds}
    every = {**{name: {"id": source} for name, source in homes.items()}, **made}
    return [founder.complete(kind, every) for kind in kinds]


def imagined(schema: Schema, plot: Plot) -> NotionMapping:
    """The mapping onto databases that aren't made yet, without ids: what they will hold can be told by it."""
    return NotionMapping({kind.name: _imagined(kind, plot) for kind in schema.kinds.values()})


def _imagined(kind: Kind, plot: Plot) -> Place:
    called, configs = labels(kind), _properties(plot, kind)
    columns = dict[str, Column]()
    for prop in kind.properties.values():
        type_ = cast("NotionType", next(iter(configs.get(called[prop.name], {"relation": {}}))))
        theirs = {ours: (Option(shown),) for ours, shown in options(kind, prop).items()}
        currency = plot.currency if prop.type == "money" else None
        columns[prop.name] = Column(called[prop.name], called[prop.name], type_, theirs, currency)
    return Place(kind.name, "", columns)


class _Founder:
    def __init__(
        self,
        caller: Caller,
        loop: Loop,
        store: Store,
        clock: Clock,
        plot: Plot,
        tell: Callable[[str], None],
        pause: Callable[[float], None],
    ) -> None:
        self._caller = caller
        self._loop = loop
        self._store = store
        self._clock = clock
        self._plot = plot
        self._tell = tell
        self._pause = pause
        self._note = self._noted()
        self._children: list[Mapping[str, Any]] | None = None

    def close(self) -> None:
        """Give the connections back."""
        if self._loop.started:
            self._loop.run(self._caller.close())
            self._loop.close()

    # -- databases -----------------------------------------------------------------------------------------------------

    def source(self, kind: Kind) -> Source:
        """The data source of a kind's database, which is made where there is none."""
        if (made := self._note["made"].get(kind.name)) and (source := self._shown(str(made))):
            return source
        found = self._there(kind) or self._after_lag(kind)
        if found is None:
            self._tell(f"making the database {kind.plural}")
            found = self._create(kind)
        self._remember(kind, made=found)
        return self._call("read", "GET", f"data_sources/{found}")

    def _shown(self, source: str) -> Source | None:
        """A data source that was made earlier; None once somebody has deleted it."""
        try:
            found = self._call("read", "GET", f"data_sources/{source}")
        except Missing:
            return None
        return None if found["in_trash"] else found

    def _create(self, kind: Kind) -> str:
        """Ask for a database; where Notion refuses it as we would have it, for a plainer one."""
        for plain in (False, True):
            self._remember(kind, sent=iso(self._clock.now()))
            try:
                return _only_source(self._call("create", "POST", "databases", self._body(kind, plain)))
            except AnswerLost:
                if found := self._after_lag(kind):
                    return found
                raise
            except TruthError as error:
                self._remember(kind)
                if plain or not isinstance(error, Rejected):
                    raise
        raise AssertionError

    def _body(self, kind: Kind, plain: bool) -> dict[str, Any]:
        properties = _properties(self._plot, kind, plain=plain)
        return {
            "parent": {"type": "page_id", "page_id": self._plot.page},
            "title": text_items(kind.plural),
            "description": text_items(f"{kind.description} {_mark(kind)}"),
            "initial_data_source": {"properties": properties},
        }

    def _after_lag(self, kind: Kind) -> str | None:
        """The database that was asked for when the answer was lost; None once it may be said that there is none."""
        sent = self._note["sent"].get(kind.name)
        if sent is None:
            return None
        self._tell(f"looking whether the database {kind.plural} was made; that can take two minutes")
        while True:
            self._children = None
            if found := self._there(kind):
                return found
            if self._clock.now() >= parse_iso(sent) + LAG:
                return None
            self._pause(_AGAIN_S)

    def _there(self, kind: Kind) -> str | None:
        """The marked database of a kind under the page. Raises Refused for one of the same name without the mark."""
        for child in self._databases():
            if child["child_database"]["title"].strip().casefold() != kind.plural.casefold():
                continue
            found = self._call("read", "GET", f"databases/{child['id']}")
            words = "".join(str(one.get("plain_text", "")) for one in found["description"])
            if _mark(kind) not in words:
                raise Refused(
                    f"Under that page there is a database “{kind.plural}” that onefirm didn't make.",
                    hint="Name another page, or connect the databases that are there.",
                )
            return _only_source(found)
        return None

    def _databases(self) -> list[Mapping[str, Any]]:
        if self._children is None:
            try:
                children = self._listed(f"blocks/{self._plot.page}/children")
            except Missing as missing:
                raise NotFound(
                    f"Notion shows no such page to this connection ({missing}).",
                    hint="Open the page in Notion: ••• → Connections → add the connection; then try again.",
                ) from None
            self._children = [one for one in children if one["type"] == "child_database" and not one["in_trash"]]
        return self._children

    # -- properties ----------------------------------------------------------------------------------------------------

    def complete(self, kind: Kind, sources: Mapping[str, Source]) -> Place:
        """Add what a data source lacks of its kind, and tell where everything is."""
        source, found = str(sources[kind.name]["id"]), sources[kind.name]["properties"]
        homes = {name: str(one["id"]) for name, one in sources.items()}
        wanted = {**_properties(self._plot, kind), **_relations(kind, homes)}
        if lacking := _lacking(found, wanted):
            self._tell(f"giving {kind.plural} its relations")
            found = self._call("write", "PATCH", f"data_sources/{source}", {"properties": lacking})["properties"]
        called = labels(kind)
        columns = {
            prop.name: self._column(kind, prop, found[called[prop.name]])
            for prop in kind.properties.values() if called[prop.name] in found
        }  # fmt: skip
        ref, key = found[_number_label(kind)], found.get(_KEY) if self._plot.key else None
        return Place(
            kind.name, source, columns, Column(ref["name"], ref["id"], "unique_id"),
            Column(_KEY, key["id"], "rich_text") if key else None,
        )  # fmt: skip

    def _column(self, kind: Kind, prop: Property, found: Mapping[str, Any]) -> Column:
        type_ = cast("NotionType", found["type"])
        theirs: Sequence[Mapping[str, Any]] = found[type_].get("options", ()) if type_ in ("status", "select") else ()
        named = {str(one["name"]): Option(str(one["name"]), str(one["id"])) for one in theirs}
        paired = {ours: (named[shown],) for ours, shown in options(kind, prop).items() if shown in named}
        return Column(found["name"], found["id"], type_, paired, self._plot.currency if prop.type == "money" else None)

    # -- asking and noting ---------------------------------------------------------------------------------------------

    def _call(self, sort: Any, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._loop.run(self._caller.call(sort, method, path, body=body))

    def _listed(self, path: str) -> list[Mapping[str, Any]]:
        found, query = list[Mapping[str, Any]](), dict[str, Any](page_size=100)
        while True:
            answer = self._loop.run(self._caller.call("read", "GET", path, query=query))
            found += answer["results"]
            if not answer.get("has_more"):
                return found
            query["start_cursor"] = answer["next_cursor"]

    def _noted(self) -> _Note:
        with self._store.read() as conn:
            kept: Any = conn.execute(select(setting.c.value).where(setting.c.name == _NOTE)).scalar()
        if kept and same_id(str(kept["page"]), self._plot.page):
            return kept
        return {"page": self._plot.page, "sent": {}, "made": {}}

    def _remember(self, kind: Kind, *, sent: str | None = None, made: str | None = None) -> None:
        for word, value in (("sent", sent), ("made", made)):
            self._note[word].pop(kind.name, None)
            if value is not None:
                self._note[word][kind.name] = value
        with self._store.write() as conn:
            conn.execute(setting.delete().where(setting.c.name == _NOTE))
            conn.execute(setting.insert().values(name=_NOTE, value=self._note))


def _mark(kind: Kind) -> str:
    return f"Kept by onefirm ({kind.name})."


def _only_source(database: Mapping[str, Any]) -> str:
    return str(database["data_sources"][0]["id"])


def labels(kind: Kind) -> dict[str, str]:
    """What Notion shows for each of a kind's properties."""
    called = {name: name.replace("_", " ").capitalize() for name in kind.properties}
    return {**called, "title": "Title" if "name" in kind.properties else "Name"}


def _number_label(kind: Kind) -> str:
    return "onefirm ID" if "id" in kind.properties else "ID"


def options(kind: Kind, prop: Property) -> dict[str, str]:
    """What Notion shows for each value: no commas, which it takes for separators, and no two alike."""
    names = list(kind.statuses) if prop.type == "status" else list(prop.options)
    shown = {
        name: name.replace("_", " ").capitalize() if _WORD.fullmatch(name) else name.replace(",", ";") for name in names
    }
    alike = len({one.casefold() for one in shown.values()}) < len(shown)
    return {name: name.replace(",", ";") for name in names} if alike else shown


def _properties(plot: Plot, kind: Kind, *, plain: bool = False) -> dict[str, Any]:
    """All but relations. `plain` leaves out what Notion refuses to some: a status, a prefix that is taken."""
    called = labels(kind)
    made: dict[str, Any] = {
        called[prop.name]: _configured(plot, kind, prop, plain)
        for prop in kind.properties.values() if prop.type != "relation"
    }  # fmt: skip
    made[_number_label(kind)] = {"unique_id": {"prefix": None if plain else kind.prefix}}
    return {**made, _KEY: {"rich_text": {}}} if plot.key else made


def _configured(plot: Plot, kind: Kind, prop: Property, plain: bool) -> dict[str, Any]:
    if prop.name == "title":
        return {"title": {}}
    if prop.type == "status":
        colors = {status.name: _COLORS[status.group] for status in kind.statuses.values()}
        listed = [{"name": shown, "color": colors[ours]} for ours, shown in options(kind, prop).items()]
        return {"select" if plain else "status": {"options": listed}}
    if prop.type == "choice":
        return {"select": {"options": [{"name": shown} for shown in options(kind, prop).values()]}}
    if prop.type == "money" and plot.amounts == "number":
        return {"number": {"format": _FORMATS.get(plot.currency, "number")}}
    return {"rich_text" if prop.type == "money" else HOLDS[prop.type][0]: {}}


def _relations(kind: Kind, homes: Mapping[str, str]) -> dict[str, Any]:
    called = labels(kind)
    return {
        called[prop.name]: _relation(prop, homes)
        for prop in kind.properties.values() if prop.type == "relation" and prop.to in homes
    }  # fmt: skip


def _relation(prop: Property, homes: Mapping[str, str]) -> dict[str, Any]:
    return {"relation": {"data_source_id": homes[prop.to or ""], "single_property": {}}}


def configured(plot: Plot, kind: Kind, prop: Property, homes: Mapping[str, str]) -> dict[str, Any]:
    """How Notion is asked for one property; `homes` has the data sources of all kinds."""
    return _relation(prop, homes) if prop.type == "relation" else _configured(plot, kind, prop, plain=False)


def _lacking(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What to send so that every property is there, with every option."""
    lacking: dict[str, Any] = {}
    for label, config in wanted.items():
        there: Mapping[str, Any] | None = found.get(label)
        if there is None:
            lacking[label] = config
            continue
        options = next(iter(config.values())).get("options", [])
        have: list[dict[str, Any]] = there[there["type"]].get("options", []) if options else []
        if new := [one for one in options if one["name"] not in {option["name"] for option in have}]:
            # Notion documents that a status' options can't be changed; a select's can, and hold the same
            kept = [{"id": one["id"], "name": one["name"]} for one in have] if there["type"] == "select" else []
            lacking[label] = {"select": {"options": [*kept, *new] if kept else options}}
    return lacking
