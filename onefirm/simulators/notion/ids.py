"""Identifiers as Notion makes them, from a seed, so that two runs of a test see the same ones."""

from __future__ import annotations

import random
import re
import uuid
from urllib.parse import quote, unquote

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz:;<=>?@[]^`{|}~\\"
UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


class Ids:
    """Makes ids; the same seed makes the same ones."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - ids to tell things apart, no secrets

    def uuid(self) -> str:
        """An id of a page, a database, a user."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def short(self) -> str:
        """An id of a property or an option: four signs, percent-encoded as Notion sends them."""
        return quote("".join(self._random.choices(LETTERS, k=4)), safe="")


def canonical(sent: object) -> str | None:
    """The dashed spelling of an id, sent with or without dashes; None if it is none."""
    return str(uuid.UUID(sent)) if isinstance(sent, str) and UUID.fullmatch(sent) else None


def same_property(sent: str, own: str) -> bool:
    """Whether a request means this property id; both spellings, encoded and plain, are taken."""
    return sent == own or unquote(sent) == unquote(own)
