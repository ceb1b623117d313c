"""One door to Notion: paced, retried by what kind of request it is, with errors that a person can act on.

Notion's client sends the request and nothing more. It knows no pacing and retries too little; its own methods drop
arguments that they don't know, so that only `request` is used, which sends what it is given.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypeAlias

import httpx
from notion_client import AsyncClient
from notion_client.client import ClientOptions
from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

from onefirm.state.truth.base import AnswerLost, Rejected, TruthError, Unreachable
from onefirm.state.truth.notion.pace import Pace
from onefirm.state.truth.notion.values import line

VERSION = "2026-03-11"
TIMEOUT_S = 60.0
"""Notion gives up after as long; an answer that takes longer never comes."""
CONNECT_S = 8.0
"""How long a way to Notion is looked for: in a network that swallows everything none is ever found."""
PATIENCE_S = 60.0
"""How long one request waits where Notion asks for it; what it is part of must end within a claim's lease."""
TROUBLE_S = 15.0
"""How long it is tried again while Notion is in trouble: a person may be waiting, and what can't be sent is queued."""
AWAY_S = 4.0
"""How long while there is no way to Notion at all."""
LOOK_HOLDS_S = 10.0
"""So long what was seen of a page is good enough to write over it."""
LONGEST_WAIT_S = 3600.0
Sort: TypeAlias = Literal["read", "write", "edit", "create"]
"""A `read` may be repeated at will, a `write` sets full values of our own and may be too, a `create` may not.

An `edit` sets full values where others write too: it goes soon or not at all, and once, so that its sender looks again.
"""
Sleep: TypeAlias = Callable[[float], Awaitable[None]]
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0
_LIMITED = (429, 529)
_log = logging.getLogger("onefirm.notion")


class Missing(TruthError):
    """Notion has no such page or data source, or none that it shows to this connection."""


class Collided(TruthError):
    """Somebody else was saving the same page: nothing was written, and it must be looked at again first."""


class CursorLost(TruthError):
    """The place in a list is no longer known; it must be read from its beginning."""


class Caller:
    """Sends requests on one event loop. The token stands in a header that no log and no repr shows."""

    def __init__(
        self,
        token: str,
        base_url: str,
        pace: Pace,
        sleep: Sleep = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._connect = lambda: _client(token, base_url, transport)
        self._pace = pace
        self._sleep = sleep
        self.sent = 0

    async def close(self) -> None:
        """Give the connections back."""
        if self.sent:
            await self._client.aclose()

    @functools.cached_property
    def _client(self) -> AsyncClient:
        """Made for the first request: many commands send none, and it takes as long as all else that they do."""
        return self._connect()

    async def call(
        self,
        sort: Sort,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The answer of one request.

        Raises Unreachable when it was surely not applied, AnswerLost when it may have been, Rejected, Missing,
        Collided and CursorLost.
        """
        began, pause = self._pace.time(), _FIRST_PAUSE_S
        while True:
            await self._pace.turn(self._sleep, began + (LOOK_HOLDS_S if sort == "edit" else PATIENCE_S))
            self.sent += 1
            try:
                answer = await self._send(method, path, query, body)
            except Exception as error:
                failed = _understood(error, sort)
                if failed is None:
                    raise
                limited = isinstance(error, HTTPResponseError) and error.status in _LIMITED
                if isinstance(error, HTTPResponseError) and limited:
                    self._pace.limited(_retry_after(error) or pause)
                if sort == "edit" or self._pace.time() + pause > began + failed.patience_s:
                    raise failed.error from None
                if not limited:
                    await self._sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                self._pace.went_through()
                return answer

    async def _send(
        self, method: str, path: str, query: Mapping[str, Any] | None, body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        params, content = None if query is None else dict(query), None if body is None else dict(body)
        try:
            return await self._client.request(path, method, params, content)
        except RequestTimeoutError as error:
            # the client says only that time ran out; what it was spent on tells whether anything was sent
            if isinstance(error.__context__, httpx.ConnectTimeout | httpx.PoolTimeout):
                raise error.__context__ from None
            raise


def _client(token: str, base_url: str, transport: httpx.AsyncBaseTransport | None) -> AsyncClient:
    http = httpx.AsyncClient(transport=transport, verify=_trusted())
    # a level that nothing reaches: what is worth telling is told by the errors that are raised here
    options = ClientOptions(
        base_url=base_url, notion_version=VERSION, retry=False, timeout_ms=int(TIMEOUT_S * 1000), logger=_log,
        log_level=logging.CRITICAL,
    )  # fmt: skip
    client = AsyncClient(options, client=http)
    client.client.timeout = httpx.Timeout(TIMEOUT_S, connect=CONNECT_S)
    client.client.headers["Authorization"] = f"Bearer {token}"
    return client


@functools.cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Failed:
    """What a failure means for a request, and how long after its first sending it may be sent again."""

    def __init__(self, error: TruthError, patience_s: float = 0.0) -> None:
        self.error = error
        self.patience_s = patience_s


def _understood(error: Exception, sort: Sort) -> _Failed | None:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return _Failed(Unreachable("Notion can't be reached from here; look whether this machine is online"), AWAY_S)
    if isinstance(error, RequestTimeoutError | httpx.TransportError):
        return _lost(sort, "the connection to Notion broke off")
    if isinstance(error, InvalidPathParameterError | httpx.InvalidURL):
        return _Failed(Rejected(f"an id holds characters that no id of Notion's has: {error}"))
    if isinstance(error, HTTPResponseError):
        return _answered(error, sort)
    if isinstance(error, ValueError):  # an answer that is no JSON, from something on the way
        return _lost(sort, "what answered is not Notion")
    return None


def _lost(sort: Sort, why: str) -> _Failed:
    if sort == "read":
        return _Failed(Unreachable(why), TROUBLE_S)
    return _Failed(AnswerLost(why), TROUBLE_S if sort == "write" else 0.0)


def _answered(error: HTTPResponseError, sort: Sort) -> _Failed:
    said, status = _words(error), error.status
    if status in _LIMITED:
        return _Failed(Unreachable(f"Notion asks to wait: {said}"), PATIENCE_S)
    if status == 409:
        return _Failed(Collided(said)) if sort in ("write", "edit") else _lost(sort, said)
    if status >= 500:
        return _lost(sort, f"Notion is in trouble ({status}): {said}")
    if status == 401:
        return _Failed(
            Unreachable(f"Notion refuses the token ({said}); give a new one with `onefirm connect notion --new-token`")
        )
    if status == 403:
        said = f"Notion forbids it ({said}); give the connection that capability in Notion's settings"
        return _Failed(Unreachable(said) if sort == "read" else Rejected(said))
    if status == 404:
        return _Failed(Missing(f"{said}; share it with the connection in Notion if it should be seen"))
    return _Failed(CursorLost(said) if "start_cursor" in said else Rejected(said))


def _words(error: HTTPResponseError) -> str:
    """Notion's own words, as short as an error can be."""
    return line(str(error))[:300] or f"status {error.status}"


def _retry_after(error: HTTPResponseError) -> float | None:
    try:
        return min(max(float(error.headers.get("retry-after", "")), 0.0), LONGEST_WAIT_S)
    except ValueError:
        return None
