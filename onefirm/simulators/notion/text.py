"""Rich text: what requests may send, what answers carry, and the plain words of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from onefirm.simulators.notion.forms import ID, OBJECT, STRING, Form, any_of, demand, each, is_a, members, or_null
from onefirm.simulators.notion.objects import Json
from onefirm.simulators.notion.refusals import MISSING, should_be, too_long

CONTENT_MOST = 2000
LINK_MOST = 2000
EQUATION_MOST = 1000
ITEMS_MOST = 100
PLAIN: Json = {
    "bold": False,
    "italic": False,
    "strikethrough": False,
    "underline": False,
    "code": False,
    "color": "default",
}


NAMED = members({"id": ID}, whole=False)
MENTIONS: Mapping[str, Form] = {
    **dict.fromkeys(("user", "page", "database", "custom_emoji"), NAMED),
    "date": members({"start": STRING}, whole=False),
    "template_mention": OBJECT,
}
"""What a mention may name."""
ITEM = members(
    optional={
        "annotations": or_null(each(is_a("a boolean or a color", lambda value: isinstance(value, bool | str)))),
        "mention": any_of(*(members({kind: form}, {"type": STRING}) for kind, form in MENTIONS.items())),
        "equation": OBJECT,
        "text": OBJECT,
        "plain_text": STRING,
    },
    whole=False,
)
"""What an item of a rich text may look like, as far as it matters here."""


def of(words: str) -> list[Json]:
    """Plain words as an answer's rich text, in pieces that Notion's own limit allows."""
    pieces = [words[at : at + CONTENT_MOST] for at in range(0, len(words), CONTENT_MOST)]
    return [_text(piece, None, {}) for piece in pieces]


def plain(items: Sequence[Mapping[str, Any]]) -> str:
    """The words of an answer's rich text."""
    return "".join(item["plain_text"] for item in items)


def accepted(sent: object, path: str) -> list[Json]:
    """Rich text of a request as answers will carry it. Raises Refusal, naming the place below `path`."""
    if not isinstance(sent, list):
        raise should_be(path, "an array", sent)
    items = cast("list[object]", sent)
    if len(items) > ITEMS_MOST:
        raise too_long(path, ITEMS_MOST, len(items))
    return [_item(item, f"{path}[{at}]") for at, item in enumerate(items)]


def _item(sent: object, path: str) -> Json:
    if not isinstance(sent, dict):
        raise should_be(path, "an object", sent)
    item = cast("Json", sent)
    demand(ITEM, item, path)
    marks: Json = {**PLAIN, **(item.get("annotations") or {})}
    if item.get("mention"):
        return _mention(item["mention"], marks, item.get("plain_text"))
    if "equation" in item:
        expression = _string(item["equation"], "expression", f"{path}.equation", EQUATION_MOST)
        return _shown("equation", {"expression": expression}, marks, expression)
    if "text" not in item:
        raise should_be(f"{path}.text", "defined", MISSING)
    content = _string(item["text"], "content", f"{path}.text", CONTENT_MOST)
    return _text(content, _link(item["text"].get("link"), f"{path}.text.link"), marks)


def _string(holder: object, key: str, path: str, most: int) -> str:
    if not isinstance(holder, dict):
        raise should_be(path, "an object", holder)
    value: object = cast("Json", holder).get(key, MISSING)
    if value is MISSING:
        raise should_be(f"{path}.{key}", "defined", MISSING)
    if not isinstance(value, str):
        raise should_be(f"{path}.{key}", "a string", value)
    if length(value) > most:
        raise too_long(f"{path}.{key}", most, length(value))
    return value


def length(words: str) -> int:
    """Characters as Notion counts them: UTF-16 units, so that an emoji is two."""
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


def _link(sent: object, path: str) -> str | None:
    return None if sent is None else _string(sent, "url", path, LINK_MOST)


def _text(content: str, url: str | None, marks: Json) -> Json:
    inner = {"content": content, "link": {"url": url} if url else None}
    return _shown("text", inner, {**PLAIN, **marks}, content, url)


def _mention(sent: Json, marks: Json, words: str | None) -> Json:
    kind = next(key for key in sent if key in MENTIONS)
    inner: Json = {"type": kind, kind: sent[kind]}
    if kind == "user":
        inner["user"] = {"object": "user", "id": sent["user"]["id"]}
    if kind == "date":
        inner["date"] = {"end": None, "time_zone": None, **sent["date"]}
    return _shown("mention", inner, marks, words or _spoken(kind, inner[kind]))


def _spoken(kind: str, inner: Json) -> str:
    return str(inner["start"]) if kind == "date" else f"@{inner.get('id', kind)}"


def _shown(kind: str, inner: Json, marks: Json, words: str, href: str | None = None) -> Json:
    return {"type": kind, kind: inner, "annotations": marks, "plain_text": words, "href": href}
