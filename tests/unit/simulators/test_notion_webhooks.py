"""Webhooks of the simulated Notion: handshake, signature, attempts, doubles, order."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.moments import Dial
from onefirm.simulators.notion.objects import DataSource
from onefirm.simulators.notion.webhooks import NotLoopback, Subscription


class Receiver:
    """Keeps what it got: the bytes and the signature; answers with `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, str | None]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append((raw, self.headers.get("x-notion-signature")))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/notion"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def events(self) -> list[Any]:
        return [json.loads(raw) for raw, signed in self.got if signed]

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def subscription(notion: Notion, receiver: Receiver, projects: DataSource) -> Subscription:
    assert isinstance(notion.clock, Dial)
    notion.clock.stop()
    made = notion.webhooks.subscribe(receiver.url, notion.connection)
    token = json.loads(receiver.got[0][0])["verification_token"]
    assert notion.webhooks.verify(made, token)
    return made


def test_nothing_is_sent_before_the_token_was_brought_back(
    notion: Notion, receiver: Receiver, projects: DataSource
) -> None:
    made = notion.webhooks.subscribe(receiver.url, notion.connection)
    assert not notion.webhooks.verify(made, "guess")
    notion.phone.row(projects, {"Name": "X"})
    notion.webhooks.deliver()
    assert receiver.events == []


def test_an_event_is_signed_and_says_what_and_by_whom_and_nothing_of_the_content(
    notion: Notion, receiver: Receiver, subscription: Subscription, projects: DataSource
) -> None:
    page = notion.phone.row(projects, {"Name": "Secret plan"})
    notion.webhooks.deliver()
    raw, signed = receiver.got[-1]
    key = subscription.verification_token.encode()
    assert signed == "sha256=" + hmac.new(key, raw, hashlib.sha256).hexdigest()
    event = json.loads(raw)
    assert event["type"] == "page.created"
    assert event["entity"] == {"id": page.id, "type": "page"}
    assert event["authors"] == [{"id": notion.phone.user.id, "type": "person"}]
    assert event["attempt_number"] == 1
    parent = {"id": projects.database, "type": "database", "data_source_id": projects.id}
    assert event["data"] == {"parent": parent}
    assert b"Secret" not in raw


def test_each_change_has_its_event(
    notion: Notion, receiver: Receiver, subscription: Subscription, projects: DataSource
) -> None:
    page = notion.phone.row(projects, {"Name": "X"})
    notion.phone.edit(page.id, {"Value": 1})
    notion.phone.trash(page.id)
    notion.phone.restore(page.id)
    notion.phone.write(page.id, "why")
    notion.phone.comment(page.id, "so?")
    notion.phone.rename_property(projects, "Due", "Deadline")
    notion.phone.delete_database(projects.database)
    notion.webhooks.deliver()
    assert receiver.kinds == [
        "page.created",
        "page.properties_updated",
        "page.deleted",
        "page.undeleted",
        "page.content_updated",
        "comment.created",
        "data_source.schema_updated",
        "database.deleted",
    ]


def test_edits_within_a_moment_are_one_event(
    notion: Notion, receiver: Receiver, subscription: Subscription, projects: DataSource
) -> None:
    page = notion.phone.row(projects, {"Name": "X"})
    notion.phone.edit(page.id, {"Value": 1})
    notion.phone.edit(page.id, {"Status": "Done", "Value": 2})
    notion.webhooks.deliver()
    assert receiver.kinds == ["page.created", "page.properties_updated"]
    assert len(receiver.events[1]["data"]["updated_properties"]) == 2


def test_a_renamed_option_is_told_as_a_change_of_the_schema_only(
    notion: Notion, receiver: Receiver, subscription: Subscription, projects: DataSource
) -> None:
    notion.phone.row(projects, {"Name": "X", "Status": "Done"})
    notion.phone.rename_option(projects, "Status", "Done", "Shipped")
    notion.webhooks.deliver()
    assert receiver.kinds == ["page.created", "data_source.schema_updated"]
    assert receiver.events[1]["data"]["updated_properties"][0]["name"] == "Status"


def test_what_is_not_taken_comes_again_and_counts_its_attempts(
    notion: Notion, receiver: Receiver, subscription: Subscription, projects: DataSource
) -> None:
    assert isinstance(notion.clock, Dial)
    receiver.status = 503
    notion.phone.row(projects, {"Name": "X"})
    for _ in range(12):
        notion.webhooks.deliver()
        notion.clock.advance(days=1)
    assert [event["attempt_number"] for event in receiver.events] == list(range(1, 9))
    assert len({event["id"] for event in receiver.events}) == 1
    assert notion.webhooks.waiting == []


def test_events_come_late_twice_and_in_any_order_where_the_rules_say_so(
    notion: Notion, receiver: Receiver, subscription: Subscription, projects: DataSource
) -> None:
    assert isinstance(notion.clock, Dial)
    notion.webhooks.delay_s, notion.webhooks.duplicates, notion.webhooks.shuffled = 30, 1.0, True
    made = [notion.phone.row(projects, {"Name": str(at)}).id for at in range(8)]
    assert notion.webhooks.deliver() == []
    notion.clock.advance(seconds=30)
    assert len(notion.webhooks.deliver()) == 16
    came = [event["entity"]["id"] for event in receiver.events]
    assert sorted(came) == sorted(made * 2)
    assert list(dict.fromkeys(came)) != made


def test_nothing_is_told_of_what_is_not_shared_or_not_subscribed_to(
    notion: Notion, receiver: Receiver, subscription: Subscription, projects: DataSource
) -> None:
    subscription.kinds = ("page.deleted",)
    page = notion.phone.row(projects, {"Name": "X"})
    notion.phone.trash(page.id)
    notion.phone.unshare(page.id, notion.token)
    notion.phone.restore(page.id)
    notion.webhooks.deliver()
    assert receiver.kinds == ["page.deleted"]


def test_nothing_is_ever_sent_beyond_this_machine(notion: Notion) -> None:
    with pytest.raises(NotLoopback):
        notion.webhooks.subscribe("https://example.com/hook", notion.connection)


def test_a_receiver_that_is_not_there_is_an_attempt_too(
    notion: Notion, receiver: Receiver, subscription: Subscription, projects: DataSource
) -> None:
    receiver.server.shutdown()
    receiver.server.server_close()
    notion.phone.row(projects, {"Name": "X"})
    assert [one.status for one in notion.webhooks.deliver()] == [0]
    assert len(notion.webhooks.waiting) == 1
