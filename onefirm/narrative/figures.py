"""Dates and amounts of money as people write them: found in a sentence, and held against a value of the truth."""

from __future__ import annotations

import re

from onefirm.core.currencies import CURRENCIES, EXPONENTS, amount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    class Figure(NamedTuple):
        """`type` as in the schema: date or money. `text`: `2026-12-12`, or `-12-12` without a year; `42000`, `42.5k`.
        `currency`: "" where none was said.
        """

        type: str
        text: str
        currency: str

else:
    from collections import namedtuple

    Figure = namedtuple("Figure", "type text currency")

# Patterns stay text until a sentence needs them: compiling all at import would cost the guard more than judging.
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?(?:the (?=\d+(?:st|nd|rd|th)? of ))?"
_DAY = r"[0-3]?\d)(?:st|nd|rd|th)?"
_DATE = (
    rf"(?i)\b{_WEEKDAY}(?:(?P<day>{_DAY}(?: of)? (?P<month>{MONTH})|(?P<month2>{MONTH}) (?P<day2>{_DAY})"
    r"(?:,? (?P<year>20\d\d))?\b|\b(?P<iso>20\d\d-\d\d-\d\d)\b|\b(?P<dotted>[0-3]?\d\.[01]?\d\.20\d\d)\b"
)
_NUMBER = r"\d{1,3}(?:[,.' ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d{1,15}(?:[.,]\d{1,2})?(?!\d)"
_TIMES = r"(?: ?(?:[kK]|thousand|million))?"
_WORDS = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "$": "USD", "euro": "EUR", "dollar": "USD", "pound": "GBP", "franc": "CHF",
    "yen": "JPY",
}  # fmt: skip
_CURRENCY = r"[A-Z]{3}|[€£¥$]|(?i:euro|dollar|pound|franc)s?|yen"
_MONEY = (
    rf"(?<![\w.,])(?:(?P<before>[A-Z]{{3}}|[€£¥$]) ?(?P<number>{_NUMBER})(?P<times>{_TIMES})"
    rf"|(?P<number2>{_NUMBER})(?P<times2>{_TIMES})[ -]?(?P<after>{_CURRENCY})"
    r"|(?P<bare>\d{1,3}(?:[,.']\d{3})+))(?![\w-])"
)
_SCALE = {"": 1, "k": 1_000, "t": 1_000, "m": 1_000_000}


def marked(text: str) -> tuple[str, list[Figure]]:
    """The text with every figure as a mark, `¤0`, and the figures."""
    found: list[Figure] = []

    def mark(match: re.Match[str], figure: Figure | None) -> str:
        if figure is None:
            return match[0]
        found.append(figure)
        return f"¤{len(found) - 1}"

    text = re.sub(_DATE, lambda match: mark(match, _date(match)), text)
    return re.sub(_MONEY, lambda match: mark(match, _money(match)), text), found


def is_equal(figure: Figure, truth: Any) -> bool:
    """Whether a figure may mean this value of a record."""
    if figure.type == "date":
        return str(truth)[:10].endswith(figure.text)
    return figure.currency in ("", truth["currency"]) and truth["minor"] == _minor(figure.text, truth["currency"])


def written(figure: Figure, truth: Any) -> str:
    """The figure in the form of a write, near the truth's value; "" for another currency, which says nothing of it."""
    if figure.type == "date":
        return _nearest(figure.text, str(truth))
    same = figure.currency in ("", truth["currency"])
    return amount(_minor(figure.text, truth["currency"]), truth["currency"]) if same else ""


def shown(truth: Any) -> str:
    """A value of a record in the form of a write."""
    return amount(truth["minor"], truth["currency"]) if isinstance(truth, dict) else str(truth)  # pyright: ignore[reportUnknownArgumentType]


def _date(match: re.Match[str]) -> Figure | None:
    if match["iso"]:
        year, month, day = match["iso"].split("-")
    elif match["dotted"]:
        day, month, year = match["dotted"].split(".")
    else:
        month = _MONTHS.index((match["month"] or match["month2"])[:3].lower()) + 1
        year, day = match["year"] or "", match["day"] or match["day2"]
    is_one = 1 <= int(month) <= 12 and 1 <= int(day) <= 31
    return Figure("date", f"{year}-{int(month):02d}-{int(day):02d}", "") if is_one else None


def _money(match: re.Match[str]) -> Figure | None:
    said = match["before"] or match["after"] or ""
    currency = _WORDS.get(said.lower().rstrip("s"), said)
    if currency and currency not in CURRENCIES:
        return None
    number = re.sub(r"[' ]", "", match["number"] or match["number2"] or match["bare"])
    return Figure("money", number + (match["times"] or match["times2"] or "").strip().lower()[:1], currency)


def _minor(text: str, currency: str) -> int:
    """A number in the currency's smallest unit. Three digits behind a mark are thousands, fewer are decimals."""
    number = text.rstrip("ktm")
    exponent = EXPONENTS.get(currency, 2)
    whole, _, decimals = number.replace(",", ".").rpartition(".")
    places = len(decimals) if whole and (len(decimals) < 3 or exponent == 3) else 0
    digits = int(f"{whole}{decimals}".replace(".", ""))
    return digits * _SCALE[text[len(number) :]] * 10**exponent // 10**places


def _nearest(said: str, truth: str) -> str:
    """A date; one without a year in the year that brings it nearest to the truth's."""
    if not said.startswith("-"):
        return said
    year = int(truth[:4])
    return min((f"{one}{said}" for one in (year, year + 1, year - 1)), key=lambda one: abs(_days(one) - _days(truth)))


def _days(date: str) -> int:
    year, month, day = date[:10].split("-")
    return int(year) * 372 + int(month) * 31 + int(day)
