"""Webhooks: subscriptions with their handshake, signed events, and a delivery that is late, doubled or out of order.

Nothing is sent by itself: `deliver` sends what is due, `run` does so in the background.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import threading
import urllib.error
import urllib.request
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from onefirm.simulators.notion.connections import Connection
from onefirm.simulators.notion.moments import exact
from onefirm.simulators.notion.objects import Comment, Database, DataSource, Json, Page, Parent
from onefirm.simulators.notion.workspace import Workspace

ATTEMPTS_MOST = 8
FIRST_WAIT_S = 60.0
"""Before the second attempt; each further one waits three times as long, so that the eighth comes a day later."""
AGGREGATED = frozenset(("page.content_updated", "page.properties_updated", "data_source.schema_updated"))
"""Kinds of which several within a moment are one event."""
TIMEOUT_S = 5.0


class NotLoopback(ValueError):
    """Raised for an address beyond this machine: a simulator sends nothing there."""


@dataclass(slots=True)
class Subscription:
    """Where events go. It is active once the token that was sent there has been brought back."""

    id: str
    url: str
    kinds: Collection[str] | None
    verification_token: str
    connection: Connection
    api_version: str
    active: bool = False


@dataclass(slots=True)
class Event:
    """One event on its way to one subscription."""

    to: Subscription
    body: Json
    due_at: datetime
    attempt: int = 1


@dataclass(slots=True)
class Delivery:
    """One attempt: what was sent, and what came back (0: nothing)."""

    body: Json
    status: int

    @property
    def kind(self) -> str:
        """The event's type."""
        return self.body["type"]


class Webhooks:
    """The events of one workspace."""

    def __init__(self, workspace: Workspace, seed: int = 0) -> None:
        self.workspace = workspace
        self.delay_s = 0.0
        """How late an event is sent at the earliest; Notion takes up to a minute."""
        self.duplicates = 0.0
        """The share of events that come twice."""
        self.shuffled = False
        """Whether what is due comes in any order."""
        self.subscriptions: list[Subscription] = []
        self.waiting: list[Event] = []
        self.delivered: list[Delivery] = []
        self._random = random.Random(seed)  # noqa: S311 - order and doubles, no secrets
        self._over = threading.Event()
        workspace.listeners.append(self._heard)

    def subscribe(
        self, url: str, connection: Connection, kinds: Collection[str] | None = None, api_version: str = "2026-03-11"
    ) -> Subscription:
        """Subscribe as one does in the connection's settings: the address gets its `verification_token` at once."""
        if urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
            raise NotLoopback(f"{url} is not on this machine")
        ids = self.workspace.ids
        made = Subscription(ids.uuid(), url, kinds, f"secret_{ids.uuid()}", connection, api_version)
        self.subscriptions.append(made)
        _post(url, {"verification_token": made.verification_token}, {})
        return made

    def verify(self, subscription: Subscription, token: str) -> bool:
        """Bring the token back; events are sent only after it was the right one."""
        subscription.active = subscription.active or hmac.compare_digest(token, subscription.verification_token)
        return subscription.active

    def _heard(self, kind: str, thing: Page | DataSource | Database | Comment, by: str, data: Json) -> None:
        for to in self.subscriptions:
            if to.active and (to.kinds is None or kind in to.kinds) and self._seen(to, thing):
                self._queue(to, kind, thing, by, data)

    def _seen(self, to: Subscription, thing: Page | DataSource | Database | Comment) -> bool:
        return self.workspace.sees(to.connection, thing.parent if isinstance(thing, Comment) else _place(thing))

    def _queue(
        self, to: Subscription, kind: str, thing: Page | DataSource | Database | Comment, by: str, data: Json
    ) -> None:
        same = next((one for one in self.waiting if self._joins(one, to, kind, thing.id)), None)
        if same:
            _join(same.body["data"], data)
            return
        now = self.workspace.clock.now()
        body = self._body(to, kind, thing, by, data, now)
        self.waiting.append(Event(to, body, now + timedelta(seconds=self.delay_s)))
        if self._random.random() < self.duplicates:
            self.waiting.append(Event(to, body, now + timedelta(seconds=self.delay_s)))

    def _joins(self, one: Event, to: Subscription, kind: str, thing: str) -> bool:
        there = one.body["type"], one.body["entity"]["id"]
        return one.to is to and kind in AGGREGATED and there == (kind, thing) and one.attempt == 1

    def _body(
        self,
        to: Subscription,
        kind: str,
        thing: Page | DataSource | Database | Comment,
        by: str,
        data: Json,
        now: datetime,
    ) -> Json:
        user = self.workspace.users[by]
        return {
            "id": self.workspace.ids.uuid(),
            "timestamp": exact(now),
            "workspace_id": self.workspace.id,
            "workspace_name": self.workspace.name,
            "subscription_id": to.id,
            "integration_id": to.connection.bot.id,
            "authors": [{"id": user.id, "type": user.kind}],
            "api_version": to.api_version,
            "type": kind,
            "entity": {"id": thing.id, "type": kind.partition(".")[0]},
            "data": {"parent": self._parent(thing), **self._more(kind, thing), **data},
        }

    def _parent(self, thing: Page | DataSource | Database | Comment) -> Json:
        if isinstance(thing, Comment):
            return {"id": thing.parent.id, "type": thing.parent.kind}
        above = self.workspace.above(_place(thing))
        if above.kind == "workspace":
            return {"id": self.workspace.id, "type": "space"}
        if above.kind == "data_source":
            return {"id": self.workspace.sources[above.id].database, "type": "database", "data_source_id": above.id}
        return {"id": above.id, "type": above.kind}

    def _more(self, kind: str, thing: Page | DataSource | Database | Comment) -> Json:
        if isinstance(thing, Comment):
            under = thing.parent
            return {"page_id": under.id if under.kind == "page" else self.workspace.blocks[under.id].page}
        return {"updated_blocks": []} if kind == "page.content_updated" else {}

    def deliver(self) -> list[Delivery]:
        """Send what is due. What isn't taken with a 2xx is sent again later, at most eight times."""
        with self.workspace.lock:
            now = self.workspace.clock.now()
            due = [one for one in self.waiting if one.due_at <= now]
            self.waiting = [one for one in self.waiting if one.due_at > now]
        if self.shuffled:
            self._random.shuffle(due)
        done = [self._sent(event, now) for event in due]
        self.delivered += done
        return done

    def _sent(self, event: Event, now: datetime) -> Delivery:
        body = {**event.body, "attempt_number": event.attempt}
        status = _post(event.to.url, body, {"X-Notion-Signature": signature(event.to.verification_token, body)})
        done = Delivery(body, status)
        if not 200 <= status < 300 and event.attempt < ATTEMPTS_MOST:
            event.due_at = now + timedelta(seconds=FIRST_WAIT_S * 3 ** (event.attempt - 1))
            event.attempt += 1
            with self.workspace.lock:
                self.waiting.append(event)
        return done

    def run(self, every_s: float = 0.2) -> None:
        """Deliver in the background until `stop`."""
        threading.Thread(target=self._run, args=(every_s,), daemon=True).start()

    def _run(self, every_s: float) -> None:
        while not self._over.wait(every_s):
            self.deliver()

    def stop(self) -> None:
        """Deliver no more in the background."""
        self._over.set()


def _place(thing: Page | DataSource | Database) -> Parent:
    if isinstance(thing, Page):
        return Parent("page", thing.id)
    return Parent("data_source" if isinstance(thing, DataSource) else "database", thing.id)


def _join(into: Json, data: Json) -> None:
    """What a further change adds to an event that is still waiting."""
    for key, more in data.items():
        into[key] = [*into.get(key, ()), *(one for one in more if one not in into.get(key, ()))]


def raw(body: Json) -> bytes:
    """The bytes that are sent, and signed."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def signature(token: str, body: Json) -> str:
    """`X-Notion-Signature`: HMAC-SHA256 over the body's bytes, keyed by the verification token."""
    return "sha256=" + hmac.new(token.encode(), raw(body), hashlib.sha256).hexdigest()


def _post(url: str, body: Json, headers: dict[str, str]) -> int:
    """The status that came back; 0 where nothing did."""
    sent = {"Content-Type": "application/json", "User-Agent": "notion-webhooks/simulated", **headers}
    request = urllib.request.Request(url, raw(body), sent, method="POST")  # noqa: S310 - loopback, checked above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return _status(answer)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code
    except OSError:
        return 0


def _status(answer: Any) -> int:
    return answer.status
