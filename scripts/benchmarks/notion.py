"""Notion's interface as far as its own MCP server needs it: pages of one data source, served on the loopback.

The pages have the shape of Notion's API: every property of the data source in every page, with its type and id, texts
as annotated runs, the page's own fields around them. Where the real thing varies, the smaller form is taken (property
ids of four letters, a title of one run, no icon, no cover): nothing is counted that a real page could do without.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from onefirm.state.mirror import Record
from onefirm.state.schema import Kind, Property, PropertyType

_SPACE = uuid.UUID("6f1f5a52-0f0c-4a53-9d3e-5e6c0f9a7b11")
_PLAIN = {
    "bold": False, "italic": False, "strikethrough": False, "underline": False, "code": False, "color": "default",
}  # fmt: skip
_COLORS = ("default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")
_TYPES: Mapping[PropertyType, str] = {
    "text": "rich_text", "choice": "select", "status": "status", "date": "date", "money": "number",
    "relation": "relation", "number": "number", "email": "email", "url": "url", "checkbox": "checkbox",
}  # fmt: skip


def page_id(ref: str) -> str:
    """The page that stands for a record."""
    return str(uuid.uuid5(_SPACE, ref))


DATA_SOURCE = page_id("data source")


def page(record: Record, kind: Kind) -> dict[str, Any]:
    """A record as a page of Notion's."""
    ident = page_id(record.ref)
    user = {"object": "user", "id": page_id("operator")}
    slug = re.sub(r"[^A-Za-z0-9]+", "-", record.title).strip("-")
    return {
        "object": "page",
        "id": ident,
        "created_time": _minute(record.created_at),
        "last_edited_time": _minute(record.updated_at),
        "created_by": user,
        "last_edited_by": user,
        "cover": None,
        "icon": None,
        "parent": {"type": "data_source_id", "data_source_id": DATA_SOURCE, "database_id": page_id("database")},
        "archived": False,
        "is_archived": False,
        "in_trash": False,
        "is_locked": False,
        "properties": {_named(name): _property(prop, record.props.get(name)) for name, prop in kind.properties.items()},
        "url": f"https://www.notion.so/{slug}-{ident.replace('-', '')}",
        "public_url": None,
    }


def listed(pages: Sequence[Mapping[str, Any]], more: bool = False) -> dict[str, Any]:
    """The answer to a query."""
    return {
        "object": "list",
        "results": list(pages),
        "next_cursor": page_id("cursor") if more else None,
        "has_more": more,
        "type": "page_or_data_source",
        "page_or_data_source": {},
    }


def _minute(at: str) -> str:
    return f"{at[:16]}:00.000Z"


def _named(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _property(prop: Property, value: Any) -> dict[str, Any]:
    if prop.name == "title":
        return {"id": "title", "type": "title", "title": _runs(value)}
    kind = _TYPES[prop.type]
    return {"id": _short(prop.name), "type": kind, kind: _VALUES.get(kind, lambda plain: plain)(value)}


def _runs(value: Any) -> list[dict[str, Any]]:
    if not value:
        return []
    text = {"content": value, "link": None}
    return [{"type": "text", "text": text, "annotations": _PLAIN, "plain_text": value, "href": None}]


def _option(value: Any) -> dict[str, str] | None:
    color = _COLORS[len(value) % len(_COLORS)] if value else ""
    return {"id": _short(value), "name": value, "color": color} if value else None


def _related(value: Any) -> list[dict[str, str]]:
    refs = [] if not value else value if isinstance(value, list) else [value]
    return [{"id": page_id(ref)} for ref in refs]


_VALUES: Mapping[str, Any] = {
    "rich_text": _runs,
    "select": _option,
    "status": _option,
    "relation": _related,
    "date": lambda value: {"start": value, "end": None, "time_zone": None} if value else None,
    "number": lambda value: value["minor"] / 100 if isinstance(value, dict) else value,
    "checkbox": bool,
}


def _short(name: str) -> str:
    """Four letters that stand for a name."""
    number = uuid.uuid5(_SPACE, name).int
    return "".join(chr(ord("a") + number // 26**place % 26) for place in range(4))


class _Responder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pages: Sequence[Mapping[str, Any]] = ()

    def do_POST(self) -> None:
        size = min(int(self._body().get("page_size", 100)), 100)
        self._answer(200, listed(self.pages[:size], more=size < len(self.pages)))

    def do_GET(self) -> None:
        asked = self.path.rpartition("/")[2]
        found = next((page for page in self.pages if page["id"] == asked), None)
        missing = {"object": "error", "status": 404, "code": "object_not_found", "message": "Could not find page."}
        self._answer(200 if found else 404, found or missing)

    def do_PATCH(self) -> None:
        self._body()
        self.do_GET()

    def _body(self) -> dict[str, Any]:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        sent = json.dumps({**body, "request_id": page_id("request")}, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: stderr belongs to the benchmark."""


@contextmanager
def served(pages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A responder on a free port of the loopback, for as long as the context; gives its base URL."""
    responder = type("Responder", (_Responder,), {"pages": pages})
    server = ThreadingHTTPServer(("127.0.0.1", 0), responder)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
