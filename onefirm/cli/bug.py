"""The log of a bug: everything a developer asks for first, ready to paste, and nothing of the firm's data."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from onefirm import __version__


def write_log(error: BaseException, arguments: Sequence[str], start: Path) -> Path:
    """Write it to `.onefirm/log/` of the workspace at or above `start`, else to a temporary folder; its path."""
    name = f"bug-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}.md"
    text = _text(error, arguments)
    for folder in _folders(start):
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except OSError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        return folder / name
    sys.stderr.write(text)
    return Path("(printed above)")


def _folders(start: Path) -> tuple[Path, ...]:
    from onefirm.sessions import root

    found = root.find_live(str(start))
    own = (Path(found, ".onefirm", "log"),) if found else ()
    return (*own, Path(tempfile.gettempdir()))


def _text(error: BaseException, arguments: Sequence[str]) -> str:
    trace = "".join(traceback.format_exception(error)).replace(str(Path.home()), "~")
    return (
        "### onefirm: a bug\n\n"
        f"- onefirm {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"- command: `onefirm {' '.join(_shape(argument) for argument in arguments)}`\n\n"
        f"```\n{trace}```\n"
    )


def _shape(argument: str) -> str:
    """An argument without what it says: names of commands, options and refs stay, words of the firm don't."""
    if argument.startswith("-") or (
        argument.isascii() and " " not in argument and len(argument) <= 20 and "=" not in argument
    ):
        return argument.partition("=")[0]
    return f"{argument.partition('=')[0]}=…" if "=" in argument else "…"
