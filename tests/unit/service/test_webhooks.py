"""What may come to a webhook's address, and how little it can do there."""

import hmac
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from onefirm.core.clock import iso
from onefirm.secrets import Secrets
from onefirm.service.receiver import CONNECTIONS_MOST, Receiver
from onefirm.service.webhooks import TOKEN, Webhooks
from onefirm.simulators.notion.webhooks import raw, signature
from support.clock import FixedClock

WAIT_S = 60.0
SENT = "secret_of-the-subscription"


class Post:
    """A firm's address for webhooks, and what it made of them."""

    def __init__(self, root: Path, clock: FixedClock) -> None:
        self.clock, self.hints, self.lines = clock, 0, list[str]()
        self.secrets = Secrets(root, {}, clock)
        self.webhooks = Webhooks(self.secrets, clock, self.hinted, self.lines.append)

    def hinted(self) -> None:
        self.hints += 1

    def handshake(self, token: str) -> str:
        return self.webhooks.judge(json.dumps({"verification_token": token}).encode(), None)

    def event(self, **other: Any) -> str:
        event = {"id": "e1", "type": "page.properties_updated", "timestamp": iso(self.clock.now()), **other}
        return self.webhooks.judge(raw(event), signature(SENT, event))


@pytest.fixture
def post(tmp_path: Path, clock: FixedClock) -> Post:
    return Post(tmp_path / ".onefirm", clock)


def test_the_first_token_is_kept_and_another_one_only_after_it_was_forgotten(post: Post) -> None:
    assert post.event() == "refused", "nobody has subscribed"
    assert [post.handshake(one) for one in (SENT, SENT, "secret_of-somebody-else")] == [
        "handshake", "handshake", "refused",
    ]  # fmt: skip
    assert "--forget" in post.lines[-1]
    assert not any("secret_of" in line for line in post.lines)
    post.secrets.remove(TOKEN)
    assert post.handshake("secret_of-somebody-else") == "handshake"


@pytest.mark.parametrize("sent", ["", "short", "with a space in it", 7, None])
def test_what_can_be_no_token_is_not_kept(post: Post, sent: Any) -> None:
    assert post.handshake(sent) == "refused"
    assert post.secrets.get(TOKEN) is None


def test_an_event_counts_once_and_only_while_it_is_news(post: Post) -> None:
    post.handshake(SENT)
    assert [post.event(), post.event()] == ["taken", "repeated"]
    then = iso(post.clock.now())
    post.clock.advance(minutes=16)
    assert post.event(id="e2", timestamp=then) == "late"
    post.clock.advance(minutes=-30)
    assert post.event(id="e3", timestamp=then) == "late", "from a future that Notion's clock can't have reached"
    assert post.hints == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"verification_token": {}}'])
def test_nonsense_is_refused_unsigned_and_malformed_signed(post: Post, body: bytes) -> None:
    post.handshake(SENT)
    assert post.webhooks.judge(body, None) == "refused"
    assert post.webhooks.judge(body, "sha256=\udcff") == "refused"
    mac = hmac.new(SENT.encode(), body, "sha256").hexdigest()
    assert post.webhooks.judge(body, f"sha256={mac}") == "malformed"


@pytest.fixture
def address(post: Post) -> Iterator[tuple[str, int]]:
    receiver = Receiver(post.webhooks, 0, deadline_s=0.5)
    host, port = receiver.address.split("/")[2].split(":")
    yield host, int(port)
    receiver.close()


def test_who_speaks_too_slowly_is_cut_off_and_who_comes_beyond_the_most_is_turned_away(
    address: tuple[str, int],
) -> None:
    with ExitStack() as lines:
        slow = [lines.enter_context(socket.create_connection(address, WAIT_S)) for _ in range(CONNECTIONS_MOST + 1)]
        assert [said(line, b"POST /notion HTTP/1.1\r\n") for line in slow] == [b""] * len(slow)
    with socket.create_connection(address, WAIT_S) as line:  # and the places are free again
        assert b" 501 " in said(line, b"GET /notion HTTP/1.1\r\n\r\n")


def said(line: socket.socket, words: bytes) -> bytes:
    """What is answered to some words; nothing where the line was cut."""
    try:
        line.sendall(words)
        return line.recv(100)
    except (ConnectionResetError, BrokenPipeError):
        return b""
