"""What holds the rules that are enforced: whether hooks read it, and which records break those of checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from onefirm.core.errors import InvalidInput
from onefirm.day import lessons
from onefirm.day.planes import Planes
from onefirm.day.surroundings import MEND, Finding
from onefirm.memory.enforcement import Looked
from onefirm.memory.patterns import Enforcement
from onefirm.state.query import MOST_ROWS, Query
from onefirm.state.records import Records

_MOST_SHOWN = 5


def look(records: Records, pattern: Mapping[str, Any]) -> Looked:
    """What a check's pattern finds. Raises InvalidInput for a kind, property or condition that isn't the firm's."""
    kind, where = str(pattern["kind"]), dict(pattern["where"])
    total = records.find(Query(kind=kind, where=where, limit=1)).total
    broken: dict[str, None] = {}
    for name in pattern["needs"]:
        page = records.find(Query(kind=kind, where={**where, name: None}, limit=MOST_ROWS, sort="created_at"))
        broken.update(dict.fromkeys(row.ref for row in page.rows))
    return Looked(total, tuple(broken))


def enforced(planes: Planes) -> Iterator[Finding]:
    """The rules that the operator has enforced: that hooks read them, and which records break those of checks."""
    every = planes.lessons.every()
    if not lessons.is_held(planes.root, every, planes.secrets_check):
        yield Finding("broken", "enforced", "what hooks hold isn't what the lessons say", MEND)
    for one in every:
        if one.enforced and one.enforced.form == "guard":
            yield Finding("ok", "enforced", f"{one.ref} {one.enforced.told()}")
        elif one.enforced:
            yield _checked(planes.records, one.ref, one.enforced)


def _checked(records: Records, ref: str, held: Enforcement) -> Finding:
    expects = held.told()
    try:
        looked = look(records, held.pattern)
    except InvalidInput as error:  # the schema has changed since
        return Finding(
            "broken", "enforced", f"{ref} {expects}, which nothing can: {error}", f"onefirm lesson relax {ref}"
        )
    if not looked.broken:
        return Finding("ok", "enforced", f"{ref} {expects}: {looked.total} do")
    more = f" and {len(looked.broken) - _MOST_SHOWN} more" if len(looked.broken) > _MOST_SHOWN else ""
    what = f"{ref} {expects}, and {', '.join(looked.broken[:_MOST_SHOWN])}{more} lack it"
    return Finding("warn", "enforced", what, f"onefirm record get {looked.broken[0]}")
