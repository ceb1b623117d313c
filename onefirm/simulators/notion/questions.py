"""What a query's body has to be before anything is looked up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from onefirm.simulators.notion.refusals import should_be


def check(body: Mapping[str, Any], members: Collection[str]) -> None:
    """Refuse a body that no query can have."""
    _sorts(body.get("sorts", []))
    if not isinstance(sent := body.get("filter", {}), dict):
        raise should_be("body.filter", "an object or `undefined`", sent)
    if not isinstance(cursor := body.get("start_cursor") or "", str):
        raise should_be("body.start_cursor", "a string or `undefined`", cursor)
    _size(body.get("page_size", 100))
    if (kind := body.get("result_type", "page")) not in ("page", "data_source"):
        raise should_be("body.result_type", '`"page"`, `"data_source"`, or `undefined`', kind)
    for key, value in body.items():
        if key not in members:
            raise should_be(f"body.{key}", "not present", value)


def _sorts(sent: object) -> None:
    if not isinstance(sent, list):
        raise should_be("body.sorts", "an array or `undefined`", sent)
    for at, one in enumerate(cast("list[Mapping[str, Any]]", sent)):
        if one.get("direction") not in ("ascending", "descending"):
            words = '`"ascending"` or `"descending"`' if "direction" in one else "defined"
            raise should_be(f"body.sorts[{at}].direction", words, one.get("direction"))


def _size(sent: object) -> None:
    if isinstance(sent, bool) or not isinstance(sent, int | float):
        raise should_be("body.page_size", "a number or `undefined`", sent)
    if sent != int(sent):
        raise should_be("body.page_size", "an integer or `undefined`", sent)
    if sent < 1:
        raise should_be("body.page_size", "≥ `1` or `undefined`", sent)
