"""Amounts of money: integer minor units and an ISO 4217 currency, never summed across currencies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from onefirm.core.errors import InvalidInput

_EXPONENTS = {
    "BHD": 3,
    "CLP": 0,
    "IQD": 3,
    "ISK": 0,
    "JOD": 3,
    "JPY": 0,
    "KRW": 0,
    "KWD": 3,
    "OMR": 3,
    "TND": 3,
    "VND": 0,
}
_FORM = re.compile(r"(?:([A-Za-z]{3})\s*)?(-?[0-9][0-9,_' ]*(?:\.[0-9]+)?)(?:\s*([A-Za-z]{3}))?")
_LARGEST_MINOR = 10**15


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` counts the currency's smallest unit (cents for EUR, yen for JPY)."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, default_currency: str | None = None) -> Money:
        """Read `1250.00 EUR`, `EUR 1,250` or, with a default currency, `1250`. Raises InvalidInput."""
        found = _FORM.fullmatch(text.strip())
        currency = ((found and (found[1] or found[3])) or default_currency or "").upper()
        if not found or not currency or (found[1] and found[3]):
            raise InvalidInput(f"“{text[:40]}” is not an amount.", hint="Write it as 1250.00 EUR.")
        exponent = _EXPONENTS.get(currency, 2)
        try:
            minor = Decimal(re.sub(r"[,_' ]", "", found[2])).scaleb(exponent)
        except InvalidOperation:
            raise InvalidInput(f"“{text[:40]}” is not an amount.", hint="Write it as 1250.00 EUR.") from None
        if minor != minor.to_integral_value() or abs(minor) > _LARGEST_MINOR:
            raise InvalidInput(
                f"“{text[:40]}” is finer or larger than {currency} can hold.", hint="Write it as 1250.00 EUR."
            )
        return cls(int(minor), currency)

    def __str__(self) -> str:
        exponent = _EXPONENTS.get(self.currency, 2)
        return f"{Decimal(self.minor).scaleb(-exponent):.{exponent}f} {self.currency}"
