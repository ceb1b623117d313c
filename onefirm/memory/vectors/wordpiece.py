"""Texts as the pieces of words that a model knows: WordPiece, as BERT's models in small letters do it.

Written out here because the library for it brings a client of a model hub along.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

UNKNOWN, BEGIN, END = "[UNK]", "[CLS]", "[SEP]"
_LONGEST_WORD = 100
_CJK = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F))


class WordPiece:
    """The vocabulary of a model: a piece's number is its line. Pieces that go on inside of a word begin with ##."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._numbers = {piece: number for number, piece in enumerate(vocabulary)}
        self._pieces_of = lru_cache(20_000)(self._split)

    def number(self, piece: str) -> int:
        """The number of a piece that is known to be there."""
        return self._numbers[piece]

    def numbers(self, text: str, most: int) -> list[int]:
        """The first so many pieces of a text."""
        found: list[int] = []
        for word in _words(text[: most * _LONGEST_WORD]):
            found += self._pieces_of(word)
            if len(found) >= most:
                break
        return found[:most]

    def _split(self, word: str) -> tuple[int, ...]:
        """The longest piece that is known, again and again; a word with a rest that isn't known is unknown."""
        unknown = (self._numbers.get(UNKNOWN, 0),)
        if len(word) > _LONGEST_WORD:
            return unknown
        found: list[int] = []
        start = 0
        while start < len(word):
            before = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if before + word[start:end] in self._numbers), None)
            if end is None:
                return unknown
            found.append(self._numbers[before + word[start:end]])
            start = end
        return tuple(found)


def _words(text: str) -> Iterator[str]:
    """Words in small letters without accents; each mark and each Chinese character is a word of its own."""
    plain = text.lower() if text.isascii() else unicodedata.normalize("NFD", text.lower())
    return iter("".join(map(_spaced, plain)).split())


@lru_cache(4_096)
def _spaced(char: str) -> str:
    kind = unicodedata.category(char)
    if kind == "Mn" or char in "\0\ufffd" or (kind in ("Cc", "Cf") and char not in "\t\n\r"):
        return ""
    if kind == "Zs" or char in "\t\n\r":
        return " "
    is_mark = kind.startswith("P") or (char.isascii() and not char.isalnum())
    return f" {char} " if is_mark or any(first <= ord(char) <= last for first, last in _CJK) else char
