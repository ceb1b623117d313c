"""A simulated Notion for a test, with every answer that it gave held against Notion's own types."""

import logging
from urllib.parse import urlsplit

from notion_client import Client

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.server import Exchange
from onefirm.simulators.notion.shapes import SOURCES_SINCE
from support.notion_contract import Judge

JUDGE = Judge()
"""One for the whole run: a shape that has been judged needs no second look."""
ERROR = {"object", "status", "code", "message", "additional_data", "request_id"}

QUIET = logging.getLogger("quiet")
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False
QUIET.setLevel(logging.CRITICAL)


def client(notion: Notion, version: str = "2026-03-11", token: str = "") -> Client:
    """Notion's Python client as it is, without its own retries."""
    return Client(auth=token or notion.token, base_url=notion.url, notion_version=version, retry=False, logger=QUIET)


def faults(notion: Notion) -> list[str]:
    """What was not Notion's of all that was asked and done, answered and told.

    The types only know versions with data sources; what was refused need not be a request that they allow.
    """
    found = [(f"{one.method} {one.path}", _fault(one)) for one in notion.exchanges if one.status]
    told = [(one.kind, JUDGE.event(one.body)) for one in notion.webhooks.delivered]
    return notion.crashes + [f"{what}: {fault}" for what, fault in (*found, *told) if fault]


def _fault(one: Exchange) -> str | None:
    if isinstance(one.answer, str):
        return None
    if one.status != 200:
        whole = one.status == 413 or (one.answer.get("object") == "error" and set(one.answer) <= ERROR)
        return None if whole else f"no error object: {one.answer}"
    if (one.version or "") < SOURCES_SINCE:
        return None
    path = urlsplit(one.path).path.removeprefix("/v1/")
    return JUDGE.answer(one.method, path, one.answer) or JUDGE.request(one.method, path, one.body)
