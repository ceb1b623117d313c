"""What a text tells besides its words, noted when it is put: whether it only asks, and whether it tells a time."""

from __future__ import annotations

import re

ASKS = 1
TELLS_TIME = 2
_TIME = re.compile(
    r"(?i)\b(yesterday|today|tonight|tomorrow|last|next|ago|week|weekend|month|year|morning|evening|night|recently|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|\d{4}|since|just)\b"
)
_WHEN = re.compile(r"(?i)\s*(when|wann|since when|what (date|day|month|year))\b|.*\bhow long\b")


def of(text: str) -> int:
    """The traits of a text, added up."""
    return ASKS * text.rstrip().endswith("?") + TELLS_TIME * bool(_TIME.search(text))


def asks_when(question: str) -> bool:
    """Whether a time would answer it."""
    return _WHEN.match(question) is not None
