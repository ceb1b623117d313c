"""Telling a day as it happens: a line is printed only after what it says was found to be so."""

from __future__ import annotations

import shutil
import textwrap
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager


class NotSo(Exception):
    """Something that the story was about to say turned out not to be true; the message says what was found instead."""


class Teller:
    """Prints steps with their times, and under each the lines that were found true."""

    def __init__(self, write: Callable[[str], object] = print) -> None:
        self._write = write
        self._width = min(shutil.get_terminal_size().columns, 100)
        self._began = time.monotonic()

    @property
    def inside(self) -> int:
        """How many columns a quotation has."""
        return self._width - 8

    @property
    def seconds(self) -> float:
        """How long the telling has taken so far."""
        return time.monotonic() - self._began

    @contextmanager
    def step(self, title: str) -> Generator[None]:
        """One step of the day. Its time is told at its end; if it fails, where it failed."""
        self._write(f"\n{title}")
        began = time.monotonic()
        try:
            yield
        except NotSo as found:
            self._write(self._wrapped(f"  ✗ {found}", "    "))
            raise
        self._write(f"{f'{time.monotonic() - began:.2f} s':>{self._width}}")

    def so(self, condition: object, line: str, otherwise: object = "") -> None:
        """Tell a line that is true. Raises NotSo with what was found otherwise."""
        if not condition:
            raise NotSo(f"not so: {line}{f' Found: {str(otherwise)[:600]}' if otherwise else ''}")
        self._write(self._wrapped(f"  ✓ {line}", "    "))

    def quote(self, text: str, most: int = 12) -> None:
        """What a program said, word for word, as far as `most` lines."""
        lines = [part for line in text.strip().splitlines() for part in self._folded(line)]
        for line in lines[:most]:
            self._write(f"    │ {line}")
        if len(lines) > most:
            self._write(f"    │ … {len(lines) - most} more lines")

    def say(self, text: str = "") -> None:
        """A line that claims nothing."""
        self._write(text)

    def _wrapped(self, text: str, indent: str) -> str:
        return textwrap.fill(
            text, self._width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
        )

    def _folded(self, line: str) -> list[str]:
        return textwrap.wrap(line, self.inside, subsequent_indent="  ", break_on_hyphens=False) or [""]
