"""Small grammar for sentences that are put together from the firm's own words."""


def a(noun: str) -> str:
    """A noun with its indefinite article: “an invoice”. It goes by the first letter."""
    return f"{'an' if noun[:1].lower() in {'a', 'e', 'i', 'o'} else 'a'} {noun}"
