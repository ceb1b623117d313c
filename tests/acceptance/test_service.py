"""`onefirm service` as a program of its own, against a simulated Notion that sends real webhooks."""

import queue
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.webhooks import Subscription, raw, signature
from support.connected import Connected, connected
from support.terminal import LAUNCHER, environment

WAIT_S = 60.0


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Connected]:
    with Notion() as notion, connected(tmp_path, notion) as firm:
        yield firm


class Service:
    """A running service, and the lines that it has written."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._coming: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self._coming.put(line.rstrip("\n"))

    def until(self, words: str) -> str:
        """The next line that has these words."""
        while True:
            try:
                self.lines.append(self._coming.get(timeout=WAIT_S))
            except queue.Empty:
                raise AssertionError(f"no “{words}” after {self.lines}") from None
            if words in self.lines[-1]:
                return self.lines[-1]

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        return self.process.wait(WAIT_S)


@contextmanager
def serving(firm: Connected, **settings: Any) -> Iterator[Service]:
    if "service:" not in (firm.root / "onefirm.yaml").read_text():
        firm.settle(service={"pull_every_minutes": 60, **settings})
    process = subprocess.Popen(
        [LAUNCHER, "-C", firm.root, "service", "run"], env=environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        yield Service(process)
    finally:
        process.kill()
        process.wait()
        assert process.stderr
        process.stderr.close()


def status(firm: Connected) -> Any:
    return firm.terminal("service", "status", "--json").data


def dues_in_the_mirror(firm: Connected) -> list[str]:
    return sorted(row["props"].get("due", "") for row in firm.terminal.data("record", "find", "task")["rows"])


def until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def post(url: str, body: bytes, **headers: str) -> int:
    sent = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, sent, method="POST"), timeout=WAIT_S) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


@pytest.mark.row("STA-07")
def test_it_hands_in_after_an_outage_what_waited_and_pulls_what_the_phone_changed_meanwhile(firm: Connected) -> None:
    firm.terminal.done("record", "create", "task", "title=Call Jana")
    page = firm.row("task", "Call Ines")
    firm.terminal.done("sync")
    firm.notion.phone.revoke(firm.notion.token)
    firm.terminal.done("record", "update", "T-1", "status=doing")
    firm.notion.phone.edit(page.id, {"due": "2026-12-24"})
    with serving(firm) as service:
        assert "Notion refuses the token" in service.until("hand in: failed")
        assert status(firm)["waiting"] == 1
        firm.notion.workspace.connect(firm.notion.token)
        service.until("hand in: 1 handed in")
        service.until("pull: 1 changed")
        other = firm.terminal("service", "run")
        assert (other.code, f"process {service.process.pid}" in other.err) == (1, True)
        standing = status(firm)
        assert (standing["runs"], standing["waiting"], standing["said"]["pid"]) == (True, 0, service.process.pid)
        assert "ok     service: runs since" in firm.terminal("doctor").out
        assert service.end() == 0
    assert dues_in_the_mirror(firm) == ["", "2026-12-24"]
    assert "Jana" not in "".join(service.lines)
    assert firm.terminal("service", "status").code == 1


@pytest.mark.row("STA-09")
def test_a_webhook_only_brings_the_next_pull_forward(firm: Connected) -> None:
    page = firm.row("task", "Call Jana")
    with serving(firm, webhook_port=0) as service:
        url = service.until("heard at").split()[-1]
        service.until("pull: 1 changed")
        subscription = subscribed(firm, service, url)
        firm.notion.phone.edit(page.id, {"due": "2026-12-24"})
        assert [one.status for one in firm.notion.webhooks.deliver()] == [200]
        service.until("pull: 1 changed")
        assert dues_in_the_mirror(firm) == ["2026-12-24"]
        body = {**firm.notion.webhooks.delivered[-1].body}
        judged(url, subscription, body)
        counts = status(firm)["said"]["webhooks"]
        assert counts.items() >= {"handshake": 1, "taken": 1}.items()
        assert service.end(signal.SIGINT) == 0
    counts = status(firm)["said"]["webhooks"]
    assert counts == {
        "handshake": 1, "taken": 1, "repeated": 1, "late": 1, "unknown": 1, "beside": 1, "refused": 4, "malformed": 1,
        "unread": 4,
    }  # fmt: skip
    told = "".join(service.lines)
    assert subscription.verification_token not in told
    assert "Jana" not in told


def subscribed(firm: Connected, service: Service, url: str) -> Subscription:
    """The handshake, as the operator does it: the service keeps the token, and shows it to bring back."""
    subscription = firm.notion.webhooks.subscribe(url, firm.notion.connection)
    service.until("a verification token has come")
    token = firm.terminal.done("service", "webhook").out.strip()
    assert firm.notion.webhooks.verify(subscription, token)
    return subscription


def judged(url: str, subscription: Subscription, body: dict[str, Any]) -> None:
    """Events again, late, unknown; then what nobody signed, and what isn't even read."""
    token = subscription.verification_token

    def signed(**other: Any) -> int:
        event = {**body, **other}
        return post(url, raw(event), X_Notion_Signature=signature(token, event))

    late = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert signed() == 200, "the same id again"
    assert signed(id="late", timestamp=late) == 200
    assert signed(id="new", type="page.sung") == 200
    assert signed(id="beside", type="comment.created") == 200
    assert signed(timestamp=None) == 400
    forged = raw({**body, "id": "forged"})
    assert post(url, forged, X_Notion_Signature=signature("guessed", {**body, "id": "forged"})) == 401
    assert post(url, forged, X_Notion_Signature="sha256=ü".encode().decode("latin-1")) == 401
    assert post(url, forged) == 401
    assert post(url, b'{"verification_token": "secret_of-somebody-else"}') == 401
    assert post(f"{url}/other", forged) == 404
    assert post(url, forged, Content_Type="text/plain") == 415
    assert spoken(url, "Content-Length: 99999999") == 413
    assert spoken(url, "Transfer-Encoding: chunked") == 411


def spoken(url: str, header: str) -> int:
    """The status for a request of which only the head is sent."""
    host, port = url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), WAIT_S) as line:
        line.sendall(f"POST /notion HTTP/1.1\r\nContent-Type: application/json\r\n{header}\r\n\r\n".encode())
        return int(line.recv(100).split()[1])


@pytest.mark.row("STA-08")
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_ended_within_a_write_it_loses_nothing_and_the_next_one_makes_no_second_row(
    firm: Connected, by: signal.Signals
) -> None:
    firm.terminal.done("sync")
    firm.notion.phone.revoke(firm.notion.token)
    firm.terminal.done("record", "create", "task", "title=Call Jana", "due=2026-12-09")
    firm.terminal.done("record", "create", "task", "title=Call Ines", "due=2026-12-10")
    firm.notion.workspace.connect(firm.notion.token)
    firm.notion.faults.add("slow", "pages$", method="POST", delay_s=0.5)
    with serving(firm) as service:
        until(lambda: firm.notion.faults.struck)
        code = service.end(by)
        assert code == (0 if by == signal.SIGTERM else -by)
        if by == signal.SIGTERM:
            assert len(firm.pages("task")) == 1, "the write under way was ended, and no other one begun"
            assert status(firm)["waiting"] == 1
        else:
            assert "it ended without a word" in firm.terminal("doctor").out
            with serving(firm) as service:
                service.until("2 handed in")
    firm.terminal.done("sync")
    assert len(firm.pages("task")) == 2
