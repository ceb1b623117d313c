"""The words of the firm's schema as guard.json carries them, made ready for looking up in a text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Kind:
    """One kind's words: how its records are called, its properties with their types, its statuses in the schema's
    order.
    """

    def __init__(self, name: str, entry: Mapping[str, Any]) -> None:
        self.name = name
        self.prefix: str = entry["prefix"]
        # What its records are called in prose: the label first, then other words for it.
        self.labels: tuple[str, ...] = tuple(
            word.lower() for word in entry.get("called") or (entry.get("label", name),)
        )
        self.types: Mapping[str, str] = entry.get("types", {})
        self.options: Mapping[str, list[str]] = entry.get("options", {})
        self.properties = {folded(word): key for key, words in entry["properties"].items() for word in words}
        self.order = list(entry["statuses"])
        self.groups = {status: value["group"] for status, value in entry["statuses"].items()}
        self.moves = {status: value.get("moves", self.order) for status, value in entry["statuses"].items()}
        self.statuses = {
            tuple(folded(word).split()): key for key, value in entry["statuses"].items() for word in value["words"]
        }
        self._ends = frozenset(name.rpartition(" ")[2] for name in self.properties)
        self._starts = frozenset(words[0] for words in self.statuses)
        self.longest = max((len(words) for words in self.statuses), default=0)

    def may_be_named(self, text: str) -> bool:
        """Whether the first word of any status stands in the text at all: a quick no for most sentences."""
        text = text.lower()
        return any(word in text for word in self._starts)

    def may_be_told(self, text: str) -> bool:
        """Whether all words of any status stand in a text without marks: a slower no for the rest."""
        text = text.lower()
        return any(all(word in text for word in words) for words in self.statuses)

    def has_property_in(self, text: str) -> bool:
        """Whether the last word of any property's name stands in the text at all."""
        text = text.lower()
        return any(word in text for word in self._ends)

    def status_at(self, tokens: list[str], index: int) -> tuple[str, int] | None:
        """The status whose words stand at an index, and how many words they are; the longest wins."""
        for length in range(self.longest, 0, -1):
            words = tuple(tokens[index : index + length])
            if words in self.statuses:
                return self.statuses[words], len(words)
        return None


class Vocabulary:
    """The kinds of a guard.json, made as they are asked for. Raises KeyError or TypeError for one that is no
    guard.json.
    """

    def __init__(self, rules: Mapping[str, Any]) -> None:
        self._entries: Mapping[str, Any] = rules["kinds"]
        self._prefixes = {entry["prefix"]: name for name, entry in self._entries.items()}
        self._kinds: dict[str, Kind] = {}

    def kind(self, name: str) -> Kind:
        """A kind by its name."""
        if name not in self._kinds:
            self._kinds[name] = Kind(name, self._entries[name])
        return self._kinds[name]

    def of_ref(self, ref: str) -> Kind | None:
        """The kind that a ref's prefix tells; None for no kind of this firm."""
        name = self._prefixes.get(ref.partition("-")[0])
        return self.kind(name) if name else None


def folded(words: str) -> str:
    """Words as they are compared: small letters, `_` and `-` as blanks."""
    return " ".join(words.lower().replace("_", " ").replace("-", " ").split())
