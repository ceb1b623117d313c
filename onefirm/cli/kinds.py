"""Kinds of records on the terminal: what each may hold, and how it may move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onefirm.cli import screen
from onefirm.core.words import a

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onefirm.state.schema import Kind, Property


def show_all(kinds: Iterable[Kind]) -> None:
    """Every kind in a paragraph."""
    for kind in kinds:
        screen.title(_heading(kind))
        screen.entry(f"status: {', '.join(kind.statuses)}")
        screen.entry(", ".join(f"{prop.name} ({form(prop)})" for prop in _own(kind)))


def show(kind: Kind) -> None:
    """One kind: its statuses with their moves, then its properties."""
    from onefirm.state.schema_plan import bounds

    screen.title(_heading(kind))
    moves = [(one.name, one.group, ", ".join(one.moves) or "none: it is final") for one in kind.statuses.values()]
    screen.table(("status", "group", "may go to"), moves)
    screen.show()
    rows = [
        (prop.name, form(prop), "required" if prop.required else prop.default or "", ", ".join(bounds(prop)))
        for prop in _own(kind)
    ]
    screen.table(("property", "holds", "otherwise", "must be"), rows)


def form(prop: Property) -> str:
    """What a property holds, in a few words: `low|normal|high`, `project`, `tasks`, `date`."""
    if prop.type == "choice":
        return "|".join(prop.options)
    if prop.type == "relation":
        return f"refs of {prop.to}s" if prop.many else f"ref of {a(prop.to or 'record')}"
    return {"date": "YYYY-MM-DD", "money": "1250.00 EUR", "checkbox": "yes|no"}.get(prop.type, prop.type)


def _heading(kind: Kind) -> str:
    return f"{kind.name} ({kind.prefix}-1): {kind.description}"


def _own(kind: Kind) -> list[Property]:
    return [prop for prop in kind.properties.values() if prop.type != "status"]
