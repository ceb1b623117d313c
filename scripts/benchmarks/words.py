"""Names and titles of plainly fictional firms, as varied as real ones: a title that repeats would cost fewer tokens."""

from __future__ import annotations

PEOPLE = ("Mira Castellan", "Tomas Oduya", "Ana Lindqvist", "Piet Brandsma", "Ruth Adler", "Samuel Okoro", "Pia Vogel")

_VERBS = ("Prepare", "Review", "Draft", "Send", "Agree on", "Rework", "Test", "Publish", "Order", "Compare")
_THINGS = (
    "workshop agenda", "payload calculator", "stock feed", "launch page", "packing handbook", "route planner",
    "museum signage", "cold labels", "visitor survey", "annual budget", "booking path", "works council paper",
    "telephone script",
)  # fmt: skip
_FOR = (
    "with the steering group", "for the harbour clinic", "before the trade fair", "after Monday's call",
    "for the night shift", "in two languages", "with three suppliers", "for the east wing", "by the new template",
    "for the board", "without the old forms",
)  # fmt: skip


def title(number: int) -> str:
    """The title of the `number`th thing; 1,430 differ before the first comes again."""
    return f"{_VERBS[number % 10]} {_THINGS[number % 13]} {_FOR[number % 11]}"
