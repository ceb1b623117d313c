"""The simulator's own address, `/simulator/…`: what another process may ask of it. No API client ever comes here.

It wants the control key in the header `X-Simulator-Key`, which no web page can send along.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from onefirm.simulators.notion.moments import Dial, exact, parsed
from onefirm.simulators.notion.objects import Database, DataSource, Json, Page
from onefirm.simulators.notion.refusals import Refusal

if TYPE_CHECKING:
    from onefirm.simulators.notion.server import Notion

PREFIX = "/simulator/"


def answered(notion: Notion, method: str, path: str, key: str | None, body: Json) -> Json:
    """The answer to a request below PREFIX. Raises Refusal."""
    if not hmac.compare_digest(key or "", notion.control_key):
        raise Refusal(403, "restricted_resource", "This address is the simulator's own: it wants its X-Simulator-Key.")
    found = ROUTES.get((method, path.removeprefix(PREFIX)))
    if not found:
        known = ", ".join(f"{one} {PREFIX}{rest}" for one, rest in ROUTES)
        raise Refusal(404, "object_not_found", f"The simulator has {known}.")
    try:
        return found(notion, body)
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as wrong:
        raise Refusal(400, "validation_error", f"{type(wrong).__name__}: {wrong}") from wrong


def _state(notion: Notion, body: Json) -> Json:
    workspace = notion.workspace
    return {
        "now": exact(notion.clock.now()),
        "rows": {one: len(source.rows) for one, source in workspace.sources.items()},
        "answers": dict(Counter(str(one.status) for one in notion.exchanges)),
        "struck": dict(Counter(one[0] for one in notion.faults.struck)),
        "refused": notion.limits.refused,
        "rules": [asdict(one) for one in notion.faults.rules],
    }


def _fault(notion: Notion, body: Json) -> Json:
    return asdict(notion.faults.add(**body))


def _no_faults(notion: Notion, body: Json) -> Json:
    notion.faults.clear()
    return {}


def _settings(notion: Notion, body: Json) -> Json:
    for key, value in body.items():
        holder = SETTINGS[key](notion)
        setattr(holder, key.removeprefix("index_").removeprefix("query_"), value)
    return {key: getattr(of(notion), key.removeprefix("index_").removeprefix("query_")) for key, of in SETTINGS.items()}


def _clock(notion: Notion, body: Json) -> Json:
    if not isinstance(notion.clock, Dial):
        raise TypeError("this simulator runs on a clock of somebody else's")
    if "advance_s" in body:
        notion.clock.advance(seconds=body["advance_s"])
    if "stop" in body:
        notion.clock.stop(parsed(body["stop"]) if body["stop"] else None)
    if body.get("run"):
        notion.clock.run()
    return {"now": exact(notion.clock.now())}


def _phone(notion: Notion, body: Json) -> Json:
    """An act of `phone` with its arguments by name; data sources and databases are named by their ids, rows by theirs
    or by a unique id (`T-48`).
    """
    act = getattr(notion.phone, body["act"])
    given: Json = dict(body.get("with", {}))
    for key, known in (("source", notion.workspace.sources), ("database", notion.workspace.databases)):
        if given.get(key) in known and body["act"] in TAKES_OBJECTS:
            given[key] = known[given[key]]
    if given.get("row", "") not in ("", *notion.workspace.pages):
        given["row"] = notion.phone.find(given["row"]).id
    made = act(**given)
    if isinstance(made, DataSource):
        return {"id": made.id, "database": made.database}
    return {"id": made.id} if isinstance(made, Page | Database) else {}


TAKES_OBJECTS = frozenset(
    (
        *("row", "source", "rename_property", "rename_option"),
        *("add_property", "change_type", "delete_property"),
    )
)
SETTINGS: Mapping[str, Callable[[Notion], Any]] = {
    "index_lag_s": lambda notion: notion.workspace.index,
    "query_cap": lambda notion: notion.queries,
    "per_connection": lambda notion: notion.limits,
    "per_workspace": lambda notion: notion.limits,
}
ROUTES: Mapping[tuple[str, str], Callable[[Notion, Json], Json]] = {
    ("GET", "state"): _state,
    ("POST", "faults"): _fault,
    ("DELETE", "faults"): _no_faults,
    ("POST", "settings"): _settings,
    ("POST", "clock"): _clock,
    ("POST", "phone"): _phone,
}
