"""How Notion shows numbers that are amounts, and the currency that each way of showing means. A table, nothing else."""

from __future__ import annotations

from collections.abc import Mapping

SHOWN: Mapping[str, str] = {
    "argentine_peso": "ARS", "australian_dollar": "AUD", "baht": "THB", "canadian_dollar": "CAD",
    "chilean_peso": "CLP", "colombian_peso": "COP", "danish_krone": "DKK", "dirham": "AED", "dollar": "USD",
    "euro": "EUR", "forint": "HUF", "franc": "CHF", "hong_kong_dollar": "HKD", "koruna": "CZK", "krona": "SEK",
    "leu": "RON", "lira": "TRY", "mexican_peso": "MXN", "new_taiwan_dollar": "TWD", "new_zealand_dollar": "NZD",
    "norwegian_krone": "NOK", "peruvian_sol": "PEN", "philippine_peso": "PHP", "pound": "GBP", "rand": "ZAR",
    "real": "BRL", "ringgit": "MYR", "riyal": "SAR", "ruble": "RUB", "rupee": "INR", "rupiah": "IDR", "shekel": "ILS",
    "singapore_dollar": "SGD", "uruguayan_peso": "UYU", "won": "KRW", "yen": "JPY", "yuan": "CNY", "zloty": "PLN",
}  # fmt: skip
