"""The way to a simulated Notion in this process, without a socket: requests are handed over as they are.

What happens on the way is told before and after, so that a test can end or edit something there.
"""

import json
from collections.abc import Callable

import httpx

from onefirm.simulators.notion import Notion


class Wire(httpx.AsyncBaseTransport):
    """`before` and `after` hear of each request's method and path, and may raise what ends it."""

    def __init__(
        self,
        notion: Notion,
        before: Callable[[str, str], None] = lambda method, path: None,
        after: Callable[[str, str], None] = lambda method, path: None,
    ) -> None:
        self._notion = notion
        self._before = before
        self._after = after

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raw, path = await request.aread(), request.url.raw_path.decode()
        self._before(request.method, path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = self._notion.serve(request.method, path, headers, raw)
        self._after(request.method, path)
        if reply is None:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        sent = reply.answer if isinstance(reply.answer, str) else json.dumps(reply.answer)
        return httpx.Response(reply.status, headers=dict(reply.headers), content=sent.encode("utf-8", "replace"))
