"""What may be remembered: statements in words that are neither empty, nor endless, nor secret."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from onefirm.core.attribution import By
from onefirm.core.clock import iso, parse_iso
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.core.ids import parse_ref
from onefirm.ledger import aliases
from onefirm.memory.reader import plain

LONGEST = 4_000
MOST_ITEMS = 20
ERASED = "(what it said was erased)"
DAMAGED = "(what it said can't be read: `onefirm ledger verify`)"
THEME = re.compile(r"[^\W_][\w -]{0,39}")

SecretsCheck = Callable[[str], str | None]


def no_secrets(_text: str) -> None:
    """The check of a firm that keeps no secrets: nothing looks like one."""


def statement(name: str, text: str, secrets_check: SecretsCheck) -> str:
    """The text without outer space and without what can't be seen: a hidden word would be read by models alone.

    Raises InvalidInput for an empty, long or unprintable one, Refused for a secret.
    """
    given = text.strip()
    if len(given) > LONGEST:
        raise InvalidInput(
            f"“{name}” has {len(given):,} characters; {LONGEST:,} is the most.",
            hint="Keep the point; put the rest into a context file and name it as evidence.",
        )
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t" for char in given):
        raise InvalidInput(f"“{name}” holds control characters.", hint="Write plain text.")
    stripped = plain(given).strip()
    if not stripped:
        raise InvalidInput(f"“{name}” is empty.", hint=f"Say the {name} in a sentence.")
    if secret := secrets_check(stripped):
        raise Refused(
            f"“{name}” holds what looks like a secret ({secret}); memory is no place for it.",
            hint="Leave it out; keep it with `onefirm secret set NAME`.",
        )
    return stripped


def check_reason(by: By, secrets_check: SecretsCheck) -> None:
    """A reason is kept as long as what it is the reason of, so it obeys the same rules. Raises as `statement`."""
    if by.reason is not None:
        statement("reason", by.reason, secrets_check)


def statements(name: str, texts: Sequence[str], secrets_check: SecretsCheck) -> tuple[str, ...]:
    """Each as `statement`; at most MOST_ITEMS."""
    if len(texts) > MOST_ITEMS:
        raise InvalidInput(
            f"“{name}” has {len(texts)} items; {MOST_ITEMS} is the most.", hint="Keep the ones that counted."
        )
    return tuple(statement(name, text, secrets_check) for text in texts)


def refs(texts: Sequence[str]) -> tuple[str, ...]:
    """Normal refs, each once. Raises InvalidInput."""
    if len(texts) > MOST_ITEMS:
        raise InvalidInput(
            f"“about” has {len(texts)} refs; {MOST_ITEMS} is the most.", hint="Name what it concerns most."
        )
    return tuple(dict.fromkeys(parse_ref(text) for text in texts))


def day(given: str | None) -> str | None:
    """The day that a text names; None for an instant or nothing."""
    try:
        return date.fromisoformat(given.strip()).isoformat() if given else None
    except ValueError:
        return None


def given_day(name: str, given: str | None) -> str | None:
    """The day that is given by this name; None where none is. Raises InvalidInput for what is no day."""
    if not given:
        return None
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        raise InvalidInput(f"“{given[:40]}” is no day.", hint=f"Write “{name}” as 2026-11-21.") from None


def end(until: str, timezone: str = "UTC") -> str:
    """The instant (ISO) up to which a day of a time zone counts, or an instant itself. Raises InvalidInput."""
    named = day(until)
    try:
        next_day = date.fromisoformat(named) + timedelta(days=1) if named else None
        return iso(datetime.combine(next_day, time(), ZoneInfo(timezone)) if next_day else parse_iso(until))
    except OverflowError:
        return iso(parse_iso(until))


def existing(conn: Connection, about: Sequence[str]) -> None:
    """Raise NotFound for a ref that no entry of the ledger names."""
    for ref in about:
        if not aliases.known(conn, ref):
            raise NotFound(f"There is no record {ref}.", hint="record_find (onefirm record find) lists what there is.")


def contains(words: str, *texts: str) -> bool:
    """Whether every word occurs in the texts, whatever its case."""
    held = "\n".join(texts).casefold()
    return all(word in held for word in words.casefold().split())
