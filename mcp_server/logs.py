"""Where the server's log goes. stdout belongs to the protocol: nothing here may write to it."""

from __future__ import annotations

import logging
import os
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

PLACE = ".onefirm/log/mcp.log"
_SIZE_BYTES = 1_000_000
_FORM = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"


class _PrivateFile(RotatingFileHandler):
    """A rotated log that only its owner can read: it may quote what the firm's records hold."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return TextIOWrapper(os.fdopen(descriptor, "ab", buffering=0), encoding="utf-8", write_through=True)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A full disk must not spill tracebacks into the client's log."""


class _OneLine(logging.Formatter):
    """Without tracebacks: stderr goes to the client's own log."""

    def formatException(self, ei: object) -> str:  # noqa: N802
        return ""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).splitlines()[0]


def set_up(root: Path | None) -> str:
    """Warnings to stderr, and to the workspace's log with their tracebacks; gives the place to name in sentences.

    Must run before MCPServer is made: its own set-up does nothing where handlers stand already.
    """
    talk = logging.StreamHandler(sys.stderr)
    talk.setFormatter(_OneLine(_FORM))
    handlers: list[logging.Handler] = [talk]
    place = "the server's stderr"
    if root is not None and (root / ".onefirm").is_dir():
        try:
            handlers.append(_file(root))
            place = PLACE
        except OSError as error:
            talk.emit(logging.LogRecord("onefirm.mcp", logging.WARNING, "", 0, f"no log file: {error}", None, None))
            talk.setFormatter(logging.Formatter(_FORM))
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    return place


def _file(root: Path) -> logging.Handler:
    folder = root / ".onefirm" / "log"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _PrivateFile(folder / "mcp.log", maxBytes=_SIZE_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORM))
    return handler
