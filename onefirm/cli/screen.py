"""What the terminal shows: data on stdout, talk on stderr, plain text where it isn't a terminal or NO_COLOR is set.

What records hold came from anywhere: control characters in it never reach the terminal.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_UNLIMITED = 10_000


def clean(text: object) -> str:
    """The text without characters that steer a terminal; line breaks and tabs stay."""
    return _CONTROL.sub("�", str(text))


def show(text: str = "") -> None:
    """A line of data."""
    sys.stdout.write(f"{clean(text)}\n")


def show_now(text: str) -> None:
    """A line of data that somebody waits for."""
    show(text)
    sys.stdout.flush()


def say(text: str) -> None:
    """A line of talk, behind the data that was shown before it where both go into one pipe."""
    with suppress(OSError, ValueError):  # whoever reads the data may be gone: that is told by the next of it
        sys.stdout.flush()
    sys.stderr.write(f"{clean(text)}\n")


def refuse(message: str, hint: str) -> None:
    """Why something was not done, and what to do next."""
    say(f"onefirm: {message}")
    if hint:
        say(f"  → {hint}")


def entry(text: object, indent: str = "  ") -> None:
    """An item of a list of data; on a terminal it folds behind its indent."""
    show("\n".join(_folded(f"{indent}{clean(text)}", len(indent) + 2)))


def title(text: str) -> None:
    """A heading among data."""
    _print(_styled(text, "bold"))


def marked(mark: str, style: str, text: str) -> None:
    """An item that begins with a coloured word."""
    from rich.text import Text

    lines = Text("\n".join(_folded(f"{clean(mark)} {clean(text)}", 7)))
    lines.stylize(style, 0, len(clean(mark)))
    _print(lines)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns under their names. The last one folds at the terminal's width; into a pipe nothing is cut."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(
        box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=any(columns)
    )
    for name in columns:
        grid.add_column(name, overflow="fold", no_wrap=name in ("ref", "when", "status", "kind", "seq"))
    for row in rows:
        grid.add_row(*(Text(clean("" if cell is None else cell)) for cell in row))
    if grid.row_count:
        _print(grid)


def data(value: Any) -> None:
    """One JSON document."""
    text = json.dumps(plain(value), ensure_ascii=False, indent=2)
    sys.stdout.write(re.sub(r"[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def plain(value: Any) -> Any:
    """Dataclasses, mappings and tuples as what JSON knows; everything else as its text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


@contextmanager
def working(text: str) -> Generator[Callable[[str], None]]:
    """A sign of life around work that may be long, on a terminal; elsewhere nobody waits for one.

    What it gives tells how far the work has come.
    """
    if not sys.stderr.isatty():
        yield lambda so_far: None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{text}…") as status:
        yield lambda so_far: status.update(f"{text}: {clean(so_far)}…")


def _folded(line: str, hanging: int) -> list[str]:
    """The line as a terminal holds it, what doesn't fit hanging below; elsewhere as it is."""
    if not sys.stdout.isatty():
        return [line]
    width = shutil.get_terminal_size().columns
    return textwrap.wrap(line, width, subsequent_indent=" " * hanging, break_on_hyphens=False)


def _styled(text: str, style: str) -> Text:
    from rich.text import Text

    return Text(clean(text), style=style)


def _print(renderable: Any) -> None:
    console = _console()
    if console.is_terminal:
        console.print(renderable)
        return
    with console.capture() as captured:
        console.print(renderable)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


@cache
def _console() -> Console:
    from rich.console import Console

    wide = None if sys.stdout.isatty() else _UNLIMITED
    return Console(width=wide, highlight=False, markup=False, emoji=False, soft_wrap=False)
