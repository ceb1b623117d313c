"""Values of properties: from what people and models send to the stored form, and back.

Stored forms: text, choice, status, e-mail and URL as a string; date as `YYYY-MM-DD`; money as
`{"minor": 125000, "currency": "EUR"}`; relation as a ref, or a list of refs; number as a number; checkbox as a boolean.
None means no value.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias, cast
from zoneinfo import ZoneInfo

from onefirm.core.attribution import By
from onefirm.core.currencies import EXPONENTS
from onefirm.core.errors import InvalidInput, NoRef
from onefirm.core.ids import REF, parse_ref
from onefirm.core.money import Money
from onefirm.core.numerals import pointed
from onefirm.core.words import a
from onefirm.state.schema import Kind, Property, Schema, closest_first

LONGEST_TEXT = 4_000
LONGEST_TITLE = 300
LONGEST_URL = 2_000
MOST_RELATED = 100
_EMAIL = re.compile(r"[^@\s<>,;]{1,64}@[^@\s<>,;]{1,190}\.[^@\s<>,;.]{2,63}")
_URL = re.compile(r"https?://[^\s/]+(?:/\S*)?", re.IGNORECASE)
_DOTTED = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})", re.ASCII)
_THREE = re.compile(r"(\d{1,2})[./-] ?(\d{1,2})[./-] ?(\d{4}|\d{2})", re.ASCII)
_THOUSAND = re.compile(r"-?[1-9][0-9]{0,2}[.,][0-9]{2}0|-?[1-9][0-9]{0,2},[0-9]{3}")
_YES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

SecretsCheck: TypeAlias = Callable[[str], "str | None"]
"""A sentence when a text looks like a secret, else None."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a value needs beside the value itself."""

    schema: Schema
    timezone: str
    currency: str
    secrets_check: SecretsCheck


def read(reading: Reading, kind: Kind, prop: Property, raw: object) -> Any:
    """The stored form of a value that was sent; None clears. Raises InvalidInput.

    Whether a related record exists is not known here; that its ref is one of the right kind is.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()) or raw == []:
        if prop.required or prop.type == "status":
            raise InvalidInput(f"{prop.name} can't be empty.", hint=f"Every {kind.label} has {a(prop.name)}.")
        return None
    if prop.type == "status":
        return kind.status_named(_word(prop, raw)).name
    return _READERS[prop.type](reading, prop, raw)


def check_bounds(prop: Property, value: Any) -> None:
    """Raise InvalidInput for a stored value below the least one that a property takes."""
    if prop.min is None or value is None:
        return
    is_money = prop.type == "money"
    least = prop.min * 10 ** EXPONENTS.get(str(value["currency"]), 2) if is_money else prop.min
    if (value["minor"] if is_money else value) < least:
        hint = "Send it without the minus: money that goes back is a status, and no amount." if is_money else ""
        raise InvalidInput(
            f"{prop.name} is at least {prop.min}, and {show(value)} is less.", hint=hint or f"Send {prop.min} or more."
        )


def read_text(reading: Reading, name: str, raw: object, *, longest: int = LONGEST_TEXT, one_line: bool = False) -> str:
    """Text without control characters and secrets, its line ends made `\\n`. Raises InvalidInput."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise InvalidInput(f"{name} is text, not {_form(raw)}.", hint="Send it as one string.")
    text = str(raw)
    if len(text) > longest:
        raise InvalidInput(
            f"{name} has {len(text):,} characters; the limit is {longest:,}.",
            hint="Keep the long form in a narrative file and the short one here.",
        )
    text = text.replace("\r\n", "\n").strip()
    if bad := next((char for char in text if is_forbidden(char, one_line)), None):
        what = "a line break" if bad == "\n" else f"the control character U+{ord(bad):04X}"
        raise InvalidInput(f"{name} contains {what}.", hint="Send plain text without it.")
    if secret := reading.secrets_check(text):
        raise InvalidInput(f"{name} holds {secret}.", hint="Secrets belong in the secrets store, never in a record.")
    return text


def check_reason(reading: Reading, by: By) -> None:
    """A reason is kept for good, so it obeys the rules of every text. Raises InvalidInput."""
    if by.reason is not None:
        read_text(reading, "reason", by.reason)


def show(value: Any) -> Any:
    """A stored value as people and models read it: money as `1250.00 EUR`, everything else as it is."""
    if isinstance(value, Mapping):
        amount = cast("Mapping[str, Any]", value)
        return str(Money(int(amount["minor"]), str(amount["currency"])))
    return value


def is_forbidden(char: str, one_line: bool = False) -> bool:
    """Whether a character may stand in no text: it steers a terminal, turns the line, or is half of a pair."""
    if char in "\n\t":
        return one_line
    return unicodedata.category(char) in ("Cc", "Cs") or char in _TURNING


def _word(prop: Property, raw: object) -> str:
    if not isinstance(raw, str):
        raise InvalidInput(f"{prop.name} is a word, not {_form(raw)}.", hint="Send it as one string.")
    return raw.strip()


def _text(reading: Reading, prop: Property, raw: object) -> str:
    title = prop.name == "title"
    longest = LONGEST_TITLE if title else LONGEST_TEXT
    return read_text(reading, prop.name, raw, longest=longest, one_line=title)


def _choice(_: Reading, prop: Property, raw: object) -> str:
    word = _word(prop, raw)
    for option in prop.options:
        if option.lower() == word.lower():
            return option
    options = ", ".join(closest_first(word[:40], prop.options))
    raise InvalidInput(f"{prop.name} can't be “{word[:40]}”.", hint=f"Its options, closest first: {options}.")


def _date(reading: Reading, prop: Property, raw: object) -> str:
    if isinstance(raw, datetime):
        return raw.astimezone(ZoneInfo(reading.timezone)).date().isoformat() if raw.tzinfo else raw.date().isoformat()
    if isinstance(raw, date):
        return raw.isoformat()
    word = _word(prop, raw)
    try:
        if found := _DOTTED.fullmatch(word):
            day, month, year = map(int, found.groups())
            return date(year, month, day).isoformat()
        if len(word) > len("2026-11-21"):
            return _date(reading, prop, datetime.fromisoformat(word))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word):
            return date.fromisoformat(word).isoformat()
    except (ValueError, OverflowError):  # an instant may leave the calendar on its way into the firm's timezone
        pass
    meant = " or ".join(_dates_meant(word)) or "2026-11-21"
    raise InvalidInput(f"{prop.name}: “{word[:40]}” is not a date.", hint=f"Write it as {meant}.")


def _dates_meant(word: str) -> list[str]:
    """The days that somebody may mean by three numbers: day or month may come first, the century may be left out."""
    if not (found := _THREE.fullmatch(word)):
        return []
    first, second, last = map(int, found.groups())
    year = last + 2000 * (last < 100)
    meant: list[str] = []
    for month, day in ((second, first), (first, second)):
        with suppress(ValueError):
            meant.append(date(year, month, day).isoformat())
    return list(dict.fromkeys(meant))


def _money(reading: Reading, prop: Property, raw: object) -> dict[str, Any]:
    if isinstance(raw, str) and raw.lstrip().startswith("{"):
        raw = _json(prop.name, raw)
    if isinstance(raw, Mapping):
        return _money_parts(reading, prop, cast("Mapping[str, Any]", raw))
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise InvalidInput(f"{prop.name} is an amount, not {_form(raw)}.", hint="Write it as 1250.00 EUR.")
    try:
        amount = Money.parse(str(raw)[:80], reading.currency)
    except InvalidInput as error:
        raise InvalidInput(f"{prop.name}: {error.message}", hint=error.hint) from None
    return {"minor": amount.minor, "currency": amount.currency}


def _money_parts(reading: Reading, prop: Property, parts: Mapping[str, Any]) -> dict[str, Any]:
    currency = str(parts.get("currency") or reading.currency)[:8]
    minor, amount = parts.get("minor"), parts.get("amount")
    if set(parts) - {"currency"} == {"minor"} and isinstance(minor, int) and not isinstance(minor, bool):
        Money.parse(f"0 {currency}")  # refuses what is no currency
        largest = 10**15
        if abs(minor) <= largest:
            return {"minor": minor, "currency": currency.upper()}
    if set(parts) - {"currency"} == {"amount"} and isinstance(amount, str | int | float):
        return _money(reading, prop, f"{amount} {currency}")
    raise InvalidInput(f"{prop.name} is not an amount.", hint="Write it as 1250.00 EUR.")


def _relation(reading: Reading, prop: Property, raw: object) -> Any:
    try:
        refs = [_related(reading, prop, item) for item in _items(prop, raw)]
    except NoRef as error:
        # “Acme Rockets” was sent as one name, and read as two refs
        whole = raw if isinstance(raw, str) and not raw.lstrip().startswith("[") and not _any_ref(raw) else None
        text = whole.strip() if whole else next(iter(error.named))
        message = f"{prop.name}: “{text[:40]}” is not a ref."
        raise NoRef(message, hint=error.hint, named={text: prop.to}) from None
    if not prop.many:
        if len(refs) > 1:
            raise InvalidInput(f"{prop.name} holds one ref, not {len(refs)}.", hint="Send the one that counts.")
        return refs[0] if refs else None
    return list(dict.fromkeys(refs)) or None


def _items(prop: Property, raw: object) -> list[Any]:
    if isinstance(raw, str):
        raw = _json(prop.name, raw) if raw.lstrip().startswith("[") else raw.replace(",", " ").split()
    items = cast("list[Any]", list(cast("list[Any]", raw)) if isinstance(raw, list | tuple | set) else [raw])
    if len(items) > MOST_RELATED:
        raise InvalidInput(
            f"{prop.name} names {len(items):,} records; the limit is {MOST_RELATED}.", hint="Name fewer of them."
        )
    return items


def _any_ref(text: str) -> bool:
    return any(REF.fullmatch(word.upper()) for word in text.replace(",", " ").split())


def _related(reading: Reading, prop: Property, item: object) -> str:
    if not isinstance(item, str):
        raise InvalidInput(f"{prop.name} holds refs, not {_form(item)}.", hint="A ref looks like P-12.")
    try:
        ref = parse_ref(item)
        kind = reading.schema.kind_of(ref)
    except NoRef:
        raise
    except InvalidInput as error:
        raise InvalidInput(f"{prop.name}: {error.message}", hint=error.hint) from None
    if kind.name != prop.to:
        wanted = reading.schema.kinds[prop.to or ""]
        raise InvalidInput(
            f"{prop.name} points at {a(wanted.label)}, and {ref} is {a(kind.label)}.",
            hint=f"Its ref looks like {wanted.prefix}-1; record_find kind={wanted.name} lists them.",
        )
    return ref


def _number(_: Reading, prop: Property, raw: object) -> int | float:
    if isinstance(raw, str):
        raw = pointed(raw.strip())
        if _THOUSAND.fullmatch(raw):
            whole, fraction = re.sub("[.,]", "", raw), raw.replace(",", ".")
            raise InvalidInput(
                f"{prop.name}: “{raw}” could be {whole} or {fraction}.",
                hint=f"Write {whole} for the one, {fraction}0 for the other.",
            )
    try:
        number = float(raw) if isinstance(raw, str | int | float) and not isinstance(raw, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or abs(number) > 10**15:
        raise InvalidInput(f"{prop.name}: {_form(raw)} is not a number I can keep.", hint="Write it as 12 or 12.5.")
    return int(number) if number.is_integer() else number


def _email(reading: Reading, prop: Property, raw: object) -> str:
    text = read_text(reading, prop.name, raw, longest=254, one_line=True)
    if not _EMAIL.fullmatch(text):
        raise InvalidInput(
            f"{prop.name}: “{text[:60]}” is not an e-mail address.", hint="Write it as name@firm.example."
        )
    return text


def _url(reading: Reading, prop: Property, raw: object) -> str:
    text = read_text(reading, prop.name, raw, longest=LONGEST_URL, one_line=True)
    if not _URL.fullmatch(text):
        raise InvalidInput(
            f"{prop.name}: “{text[:60]}” is not a web address.", hint="Write it as https://firm.example."
        )
    return text


def _checkbox(_: Reading, prop: Property, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower() if isinstance(raw, str | int) else ""
    if word not in _YES:
        raise InvalidInput(f"{prop.name} is true or false, not {_form(raw)}.", hint="Send true or false.")
    return _YES[word]


def _json(name: str, raw: str) -> object:
    try:
        return json.loads(raw[:LONGEST_TEXT])
    except (ValueError, RecursionError):
        raise InvalidInput(f"{name} is not readable JSON.", hint="Send a plain value instead.") from None


_FORMS = {"bool": "true or false", "int": "a number", "float": "a number", "str": "a text", "dict": "an object"}


def _form(raw: object) -> str:
    return _FORMS.get(type(raw).__name__, f"a {type(raw).__name__}")


_READERS: dict[str, Callable[[Reading, Property, Any], Any]] = {
    "text": _text,
    "choice": _choice,
    "date": _date,
    "money": _money,
    "relation": _relation,
    "number": _number,
    "email": _email,
    "url": _url,
    "checkbox": _checkbox,
}
