"""Amounts of money: integer minor units and an ISO 4217 currency, never summed across currencies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from onefirm.core.currencies import CURRENCIES, EXPONENTS, amount
from onefirm.core.errors import InvalidInput
from onefirm.core.numerals import pointed

_HINT = "Write it as 1250.00 EUR."
# Thousands stand in groups of exactly three, so that a decimal comma is never read as one of them.
_NUMBER = r"-?(?:[0-9]{1,3}(?:(?P<mark>[,_' ])[0-9]{3})(?:(?P=mark)[0-9]{3})*|[0-9]+)(?:\.(?P<decimals>[0-9]+))?"
_FORM = re.compile(rf"(?:(?P<before>[A-Za-z]{{3}})\s*)?(?P<number>{_NUMBER})(?:\s*(?P<after>[A-Za-z]{{3}}))?")
# Three digits behind a lone mark: a fraction where the mark is the decimal sign, thousands where it groups.
_TWO_WAYS = re.compile(r"-?[1-9][0-9]{0,2}(?P<mark>[.,])[0-9]{3}")
_DIGITS = re.compile("-?[0-9](?:[0-9., '\u2019\u00a0\u202f]*[0-9])?")
_LARGEST_MINOR = 10**15


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` counts the currency's smallest unit (cents for EUR, yen for JPY)."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, default_currency: str | None = None) -> Money:
        """Read `1250.00 EUR`, `1.250,00 €`, `EUR 1,250` or, with a default currency, `1250`. Raises InvalidInput.

        What can be read in two ways is refused: `1.250 EUR`, and `1,250 KWD`, whose currency has three decimals.
        """
        plain = _DIGITS.sub(lambda digits: pointed(digits[0]), text.strip().replace("€", "EUR"), count=1)
        found = _FORM.fullmatch(plain)
        currency = ((found and (found["before"] or found["after"])) or default_currency or "").upper()
        if not found or not currency or (found["before"] and found["after"]):
            raise InvalidInput(f"“{text[:40]}” is not an amount.", hint=_HINT)
        if currency not in CURRENCIES:
            raise InvalidInput(f"“{currency[:10]}” is no currency.", hint=f"{_HINT} The codes are those of ISO 4217.")
        exponent = EXPONENTS.get(currency, 2)
        _check_one_reading(text, found["number"], currency, exponent)
        minor = Decimal(re.sub(r"[,_' ]", "", found["number"])).scaleb(exponent)
        if len(found["decimals"] or "") > exponent or abs(minor) > _LARGEST_MINOR:
            raise InvalidInput(f"“{text[:40]}” is finer or larger than {currency} can hold.", hint=_HINT)
        return cls(int(minor), currency)

    def __str__(self) -> str:
        return amount(self.minor, self.currency)


def _check_one_reading(text: str, number: str, currency: str, exponent: int) -> None:
    """Three decimals are one reading only where the currency has as many and a point stands before them."""
    found = _TWO_WAYS.fullmatch(number)
    if found and (found["mark"] == ".") == (exponent < 3):
        whole, fraction = re.sub("[.,]", "", number), number.replace(",", ".")
        raise InvalidInput(
            f"“{text.strip()[:40]}” could be {whole} {currency} or {fraction} {currency}.",
            hint=f"Write {whole} {currency} for the one, {Decimal(fraction).normalize():f} {currency} for the other.",
        )
