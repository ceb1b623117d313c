"""A record in one line: as it stands, and how it moved. What records hold is data: clipped, quoted, never a line of its
own.
"""

from __future__ import annotations

from onefirm.core.currencies import amount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from onefirm.sessions.shapes import Known, State

CLIPPED, LONGEST = 80, 280
_FIRST = ("status", "next_action", "due")
_NAMED = ("title", "number")
_OUTSIDE = "outside/"
_WHO = {"outside": "somebody outside of onefirm", "operator": "the operator", None: "somebody"}


def of(found: State) -> str:
    """`P-1 “Launch site”: status discovery; next action “Send the offer”; due 2026-12-01`."""
    props = found["props"]
    said = [f"{_name(key)} {value(props[key])}" for key in _order(props) if not _is_empty(props[key])]
    return _line(found, [*(["archived"] if found["archived"] else []), *said])


def moved(known: Known, found: State) -> str:
    """`P-1 “Launch site”: status delivery (was discovery), by the operator at 10:02 UTC`; "" when it says the same."""
    before, now = known["props"], found["props"]
    changed = [key for key in _order({**before, **now}, but=()) if before.get(key) != now.get(key)]
    said = [f"{_name(key)} {value(now.get(key))} (was {value(before.get(key))})" for key in changed]
    if known["archived"] != found["archived"]:
        said.insert(0, "archived" if found["archived"] else "restored")
    if not said:
        return ""
    # What was done elsewhere may have been done long before it was taken over.
    at = found["at"][:16].replace("T", " ") if (found["actor"] or "").startswith(_OUTSIDE) else found["at"][11:16]
    return f"{_line(found, said)}, by {who(found['actor'])} at {at} UTC"


def who(actor: str | None) -> str:
    """Whoever moved a record, as another session reads it."""
    if (actor or "").startswith(_OUTSIDE):
        return f"{_quoted(str(actor).removeprefix(_OUTSIDE))} outside of onefirm"
    return "another session" if (actor or "").startswith("claude") else _WHO.get(actor, str(actor))


def name(given: str) -> str:
    """A person's name on one line, as it may stand in an actor."""
    return " ".join("".join(char if char.isprintable() else " " for char in given).split())[:CLIPPED]


def value(given: Any) -> str:
    """A property's value: a word as it is, a text in quotation marks."""
    if _is_empty(given):
        return "nothing"
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, dict):
        return amount(given.get("minor", 0), str(given.get("currency", "")))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    if isinstance(given, list):
        return " and ".join(value(one) for one in given)  # pyright: ignore[reportUnknownVariableType]
    return _text(str(given))


def _line(found: State, said: Sequence[str]) -> str:
    line = f"{found['ref']} {_quoted(found['title'])}: {said[0] if said else 'nothing is known of it'}"
    for part in said[1:]:
        if len(line) + len(part) > LONGEST:
            return f"{line}; …"
        line += f"; {part}"
    return line


def _order(props: Mapping[str, Any], but: Sequence[str] = _NAMED) -> list[str]:
    rest = sorted(key for key in props if key not in (*_FIRST, *but))
    return [key for key in _FIRST if key in props] + rest


def _name(key: str) -> str:
    return key.replace("_", " ")


def _is_empty(given: Any) -> bool:
    return given is None or given == "" or given == []


def _text(text: str) -> str:
    is_word = len(text) <= CLIPPED and all(char.isalnum() or char in "/._-+@:" for char in text)
    return text if is_word else _quoted(text)


def _quoted(text: str) -> str:
    clean = "".join(char if char.isprintable() else " " for char in text).replace("“", "'").replace("”", "'")
    clean = " ".join(clean.split())
    return f"“{clean[: CLIPPED - 1].rstrip()}…”" if len(clean) > CLIPPED else f"“{clean}”"
