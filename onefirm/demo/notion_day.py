"""The day of a firm whose records are in Notion: an edit on the phone, an outage, two who changed the same.

Told as the day is: a line stands there once it was found to be so.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from onefirm.demo.client import Client, command
from onefirm.demo.day import Day, Later, greeted, killed, row, verified, wait_for_close
from onefirm.demo.notion import Elsewhere

CALL = "Call the museum about the key"
TRAIN = "Book the train to the cold store"
PRICES = "Write the price page"
ASK = "Ask Oskar who has the drawing"
WHY = "Marek wants to see the prices first"


def steps(there: Elsewhere) -> tuple[Later, ...]:
    """What follows the first session, in the Notion where the firm's records are."""
    trip = _Trip(there)
    return (
        ("What Notion says", trip.held),
        ("The laptop dies", killed),
        ("On the tram, with the phone", trip.edited),
        ("The next morning", trip.greeted),
        ("Notion is out of reach", trip.cut_off),
        ("Notion is back", trip.handed_in),
        ("Two changed the same: you decide", trip.decided),
        ("The morning's session ends", trip.ended),
        ("Do both sides say the same?", trip.equal),
        ("Is the ledger whole?", verified),
    )


class _Trip:
    """What the steps hand on: the session that sees the outage, and what it wrote meanwhile."""

    def __init__(self, there: Elsewhere) -> None:
        self._there = there
        self._ours, self._theirs = (str(datetime.now(UTC).date() + timedelta(days=days)) for days in (20, 27))
        self._call = self._train = ""
        self._client: Client | None = None

    # -- between two sessions ------------------------------------------------------------------------------------------

    def held(self, day: Day) -> None:
        page = self._there.page("P-1")
        day.so(_cell(page, "Status") == "Review", "P-1 stands there as Review, too", page)
        bot = self._there.notion.connection.bot.id
        day.so(page["last_edited_by"]["id"] == bot, "and the last to edit its page was onefirm", page)

    def edited(self, day: Day) -> None:
        phone = self._there.notion.phone
        photos = phone.find("T-47")
        phone.edit(photos.id, {"Status": "Waiting", "Waiting on": "Marek Oduya"})
        made = phone.row(self._there.notion.workspace.sources[photos.parent.id], {"Name": CALL, "Status": "Todo"})
        self._call = f"T-{made.number}"
        there = _cell(self._there.page("T-47"), "Waiting on"), _cell(self._there.page(self._call), "Name")
        day.so(
            there == ("Marek Oduya", CALL), f"in Notion's app you let T-47 wait for Marek, and added “{CALL}”", there
        )

    def greeted(self, day: Day) -> None:
        self._client = day.client()
        greeted(day, self._client, "T-47", self._call)

    # -- an outage -----------------------------------------------------------------------------------------------------

    def cut_off(self, day: Day) -> None:
        assert self._client
        client, phone = self._client, self._there.notion.phone
        ask = {"op": "update", "ref": "CL-2", "set": {"next_action": ASK}}
        train = {"op": "create", "kind": "task", "set": {"title": TRAIN, "client": "CL-2"}}
        self._there.unplug()
        with ThreadPoolExecutor() as pool:  # both wait some seconds for an answer
            by_claude = pool.submit(client.call, "record_write", changes=[ask, train])
            by_you = day.onefirm("record", "update", "T-50", f"due={self._ours}")
        written = by_claude.result()
        rows = [dict(zip(written["columns"], one, strict=True)) for one in written["rows"]]
        self._train = rows[1]["ref"]
        day.so(
            [one["receipt"] for one in (*rows, *by_you)] == ["pending"] * 3,
            f"Claude wrote what is next for CL-2, and a new task, {self._train} for now; you a day for T-50, from a"
            " terminal: nothing is refused, all of it waits",
            (rows, by_you),
        )
        shown = command(day.root, "record", "find", "task", "--text", PRICES).stdout
        day.so("pending" in shown, "what waits is shown as such:", shown)
        day.quote(shown)
        prices = phone.find("T-50")
        phone.edit(prices.id, {"Due": self._theirs})
        there = str(prices.face.values)  # nobody can ask the API for it now
        day.so(self._theirs in there, f"meanwhile T-50 gets another day on the phone: {self._theirs}, not {self._ours}")

    def handed_in(self, day: Day) -> None:
        self._there.plug_in()
        told = command(day.root, "brief").stdout
        next_action = _cell(self._there.page("CL-2"), "Next action")
        day.so(next_action == ASK, "`onefirm brief` looked, and handed in what waited", told)
        self._sent_once(day)
        due = _cell(self._there.page("T-50"), "Due")
        asked = [line for line in told.splitlines() if "T-50" in line and "`onefirm record conflicts`" in line]
        day.so(
            due == self._theirs and asked, "T-50 was not overwritten: which day holds is a question in the inbox", told
        )
        day.quote("\n".join(asked))

    def decided(self, day: Day) -> None:
        shown = command(day.root, "record", "conflicts", columns=day.teller.inside).stdout
        day.so(self._ours in shown and self._theirs in shown, "both days are there to choose from:", shown)
        day.quote(shown)
        (item,) = set(re.findall(r"\bI-\d+", shown))
        decided = command(day.root, "record", "resolve", item, "--keep", "mine", "--why", WHY)
        due = _cell(self._there.page("T-50"), "Due")
        day.so(due == self._ours, "you kept yours, and Notion has it", decided.stderr or due)
        day.quote(decided.stdout)

    # -- the end -------------------------------------------------------------------------------------------------------

    def ended(self, day: Day) -> None:
        assert self._client
        found = row(self._client.call("record_get", refs=[self._train]))
        day.so(
            found["title"] == TRAIN, f"{self._train} is {found['ref']} now, and still known by its first name", found
        )
        self._client.end()
        closed = wait_for_close(day, 3)
        day.so(closed["payload"]["pending"] == 0, "the session was closed, nothing waits", closed)
        self._sent_once(day)

    def equal(self, day: Day) -> None:
        found = day.onefirm("record", "find", "--limit", "500")["rows"]
        ours = {one["ref"]: (one["title"], one["status"]) for one in found}
        pages = self._there.rows()
        theirs = {_cell(page, "ID"): (_cell(page, "Name"), _ours(_cell(page, "Status"))) for page in pages}
        day.so(
            ours == theirs, f"{len(ours)} records, with the same titles and statuses here and there",
            set(ours.items()) ^ set(theirs.items()),
        )  # fmt: skip

    def _sent_once(self, day: Day) -> None:
        """What waited was sent once, however often it was looked at since."""
        asked, exchanges = self._there.notion.phone.find("CL-2").id, self._there.notion.exchanges
        changed = [one for one in exchanges if one.method == "PATCH" and asked in one.path]
        made = [one for one in exchanges if one.method == "POST" and TRAIN in str(one.body)]
        day.so((len(changed), len(made)) == (1, 1), "each of it was sent exactly once", (changed, made))


def _cell(page: Any, name: str) -> Any:
    """What a person reads in a cell of one line."""
    value = page["properties"][name]
    match value[value["type"]]:
        case [*parts]:
            return "".join(part["plain_text"] for part in parts)
        case {"start": read} | {"name": read}:
            return read
        case {"prefix": prefix, "number": number}:
            return f"{prefix}-{number}"
        case read:
            return read


def _ours(label: str) -> str:
    """A status of Notion's in our spelling."""
    return label.lower().replace(" ", "_")
