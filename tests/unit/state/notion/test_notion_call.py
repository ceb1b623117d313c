"""What one request does when Notion is slow, busy, broken or gone, by a clock of its own."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from onefirm.state.truth.base import AnswerLost, Rejected, TruthError, Unreachable
from onefirm.state.truth.notion.call import Caller, Collided, CursorLost, Missing, Sort
from onefirm.state.truth.notion.pace import BURST_S, RATE, Pace

TOKEN = "ntn_secret_of_this_test"
Reply = Callable[[httpx.Request], httpx.Response]


class Fake:
    """Answers in turn; the last one goes on for ever. Time passes only by waiting."""

    def __init__(self, *replies: httpx.Response | Exception, takes_s: float = 0.0) -> None:
        self.replies = list(replies)
        self.takes_s = takes_s
        self.now = 100.0
        self.asked: list[tuple[float, httpx.Request]] = []
        self.pace = Pace(time=lambda: self.now)
        self.caller = Caller(TOKEN, "http://127.0.0.1:9", self.pace, self.sleep, httpx.MockTransport(self.answer))

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((self.now, request))
        self.now += self.takes_s
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    def call(self, sort: Sort = "read", times: int = 1, **parts: Any) -> Any:
        async def run() -> Any:
            try:
                return [await self.caller.call(sort, "POST", "pages", body=parts.get("body")) for _ in range(times)][-1]
            finally:
                await self.caller.close()

        return asyncio.run(run())


OK = httpx.Response(200, json={"object": "page"})
DROP = httpx.RemoteProtocolError("Server disconnected without sending a response.")
HTML = httpx.Response(502, text="<html>Bad gateway</html>")
REFUSED = httpx.ConnectError("refused")


def said(status: int, code: str, message: str, **headers: str) -> httpx.Response:
    body = {"object": "error", "status": status, "code": code, "message": message, "request_id": "r1"}
    return httpx.Response(status, json=body, headers=headers)


BUSY = said(429, "rate_limited", "You have been rate limited.", **{"Retry-After": "7"})
OVERLOAD = said(529, "service_overload", "Overloaded.", **{"Retry-After": "5"})
CONFLICT = said(409, "conflict_error", "Conflict occurred while saving. Please try again.")
TROUBLE = [
    said(500, "internal_server_error", "Unexpected."), HTML, said(503, "service_unavailable", "Later."),
    said(504, "gateway_timeout", "Too slow."), DROP, httpx.ReadTimeout("slow"), httpx.ReadError("reset"),
    httpx.Response(200, text="<html>a portal of a hotel</html>"),
]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda t: str(getattr(t, "status_code", type(t).__name__)))
class TestTrouble:
    def test_a_read_goes_on(self, trouble: Any) -> None:
        fake = Fake(trouble, trouble, OK)
        assert fake.call("read") == {"object": "page"}
        assert len(fake.asked) == 3

    def test_a_write_of_full_values_goes_on(self, trouble: Any) -> None:
        fake = Fake(trouble, OK)
        assert fake.call("write") == {"object": "page"}

    def test_a_create_is_never_sent_twice(self, trouble: Any) -> None:
        fake = Fake(trouble, OK)
        with pytest.raises(AnswerLost):
            fake.call("create")
        assert len(fake.asked) == 1

    def test_an_edit_is_sent_again_only_by_whoever_has_looked(self, trouble: Any) -> None:
        fake = Fake(trouble, OK)
        with pytest.raises(AnswerLost):
            fake.call("edit")
        assert len(fake.asked) == 1

    def test_it_ends_within_its_patience(self, trouble: Any) -> None:
        fake = Fake(trouble)
        with pytest.raises(Unreachable):
            fake.call("read")
        assert fake.now - 100 <= 61
        with pytest.raises(AnswerLost):
            Fake(trouble).call("write")


class TestRefusalsOfPace:
    @pytest.mark.parametrize(("busy", "wait_s"), [(BUSY, 7), (OVERLOAD, 5)])
    @pytest.mark.parametrize("sort", ["read", "write", "create"])
    def test_any_request_waits_as_long_as_notion_says_and_goes_again(self, busy: Any, wait_s: int, sort: Sort) -> None:
        fake = Fake(busy, OK)
        assert fake.call(sort) == {"object": "page"}
        assert fake.asked[1][0] - fake.asked[0][0] >= wait_s

    def test_the_pause_holds_for_the_whole_connection(self) -> None:
        fake = Fake(BUSY, OK)

        async def both() -> None:
            await asyncio.gather(*(fake.caller.call("read", "GET", f"pages/{n}") for n in range(3)))
            await fake.caller.close()

        asyncio.run(both())
        first, *later = [at for at, _ in fake.asked]
        assert all(at - first >= 7 for at in later[2:])

    def test_a_pause_longer_than_our_patience_is_told_as_out_of_reach(self) -> None:
        fake = Fake(said(429, "rate_limited", "You have been rate limited.", **{"Retry-After": "600"}))
        with pytest.raises(Unreachable, match="asks to wait"):
            fake.call("create")
        assert len(fake.asked) == 1

    def test_no_pause_is_for_ever(self) -> None:
        fake = Fake(said(429, "rate_limited", "You have been rate limited.", **{"Retry-After": "inf"}))
        with pytest.raises(Unreachable, match="asks to wait 3600 s longer"):
            fake.call("read")


class TestWhatIsNotTriedAgain:
    @pytest.mark.parametrize(
        ("reply", "sort", "error", "words"),
        [
            (
                said(400, "validation_error", "body failed validation: x"),
                "write",
                Rejected,
                "body failed validation: x",
            ),
            (said(400, "validation_error", "The start_cursor provided is invalid: abc"), "read", CursorLost, "cursor"),
            (
                said(401, "unauthorized", "API token is invalid."),
                "read",
                Unreachable,
                "onefirm connect notion --new-token",
            ),
            (said(403, "restricted_resource", "Insufficient permissions"), "write", Rejected, "capability"),
            (said(403, "restricted_resource", "Insufficient permissions"), "read", Unreachable, "capability"),
            (said(404, "object_not_found", "Could not find page."), "read", Missing, "share it with the connection"),
            (CONFLICT, "write", Collided, "Conflict occurred"),
            (CONFLICT, "create", AnswerLost, "Conflict occurred"),
        ],
    )
    def test_it_keeps_notions_words_and_says_what_to_do(
        self, reply: Any, sort: Sort, error: type[TruthError], words: str
    ) -> None:
        fake = Fake(reply)
        with pytest.raises(error, match=words):
            fake.call(sort)
        assert len(fake.asked) == 1

    def test_a_create_that_was_surely_not_sent_is_tried_again(self) -> None:
        assert Fake(REFUSED, httpx.ConnectTimeout("slow"), OK).call("create") == {"object": "page"}

    def test_without_a_way_to_notion_nothing_was_applied(self) -> None:
        for sort in ("read", "write", "create"):
            with pytest.raises(Unreachable, match="can't be reached"):
                Fake(REFUSED).call(sort)

    def test_a_way_to_notion_is_not_waited_for_as_long_as_its_answer(self) -> None:
        fake = Fake(OK)
        fake.call("read")
        ((_, request),) = fake.asked
        assert request.extensions["timeout"] == {"connect": 8.0, "read": 60.0, "write": 60.0, "pool": 60.0}


class TestPace:
    def test_a_burst_and_then_the_average(self) -> None:
        fake = Fake(OK)
        fake.call("read", times=66)
        assert fake.now - 100 == pytest.approx(66 / RATE - BURST_S, abs=0.5)

    def test_refusals_slow_it_down_and_going_through_speeds_it_up_again(self) -> None:
        now = [0.0]
        pace = Pace(time=lambda: now[0])
        for _ in range(10):
            pace.limited(1)
            now[0] += 6
        slow = pace.rate
        assert slow < RATE / 3
        for _ in range(60):
            pace.went_through()
        assert pace.rate == RATE

    def test_one_refusal_in_ten_costs_little_of_the_rate(self) -> None:
        now = [0.0]
        pace, rates = Pace(time=lambda: now[0]), list[float]()
        for n in range(1000):
            now[0] += 1 / pace.rate
            if n % 10:
                pace.went_through()
            else:
                pace.limited(0)
            rates.append(pace.rate)
        assert sum(rates) / len(rates) > 0.9 * RATE


class TestWhatIsSent:
    def test_the_version_and_everything_that_was_given(self) -> None:
        fake = Fake(OK)
        fake.call("create", body={"parent": {"page_id": "x"}, "an_argument_that_no_client_knows": 1})
        request = fake.asked[0][1]
        assert request.headers["Notion-Version"] == "2026-03-11"
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert str(request.url) == "http://127.0.0.1:9/v1/pages"
        assert json.loads(request.content)["an_argument_that_no_client_knows"] == 1

    def test_an_id_can_not_lead_elsewhere(self) -> None:
        fake = Fake(OK)

        async def run() -> None:
            try:
                await fake.caller.call("read", "GET", "pages/../users")
            finally:
                await fake.caller.close()

        with pytest.raises(Rejected):
            asyncio.run(run())
        assert not fake.asked

    def test_the_token_stands_in_no_log_error_or_repr(
        self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        fake = Fake(said(401, "unauthorized", "API token is invalid."))
        with pytest.raises(Unreachable) as refused:
            fake.call("read")
        seen = [caplog.text, *capfd.readouterr(), repr(refused.value), repr(vars(fake.caller))]
        seen += [repr(vars(part)) for part in vars(fake.caller).values() if hasattr(part, "__dict__")]
        assert TOKEN not in "".join(seen)
