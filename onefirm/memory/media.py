"""What a file is, and its text: as plain text at once, anything else by a process of its own that may die of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from onefirm.core.errors import InvalidInput, Refused, Unavailable
from onefirm.ledger.words import clean
from onefirm.memory import reader

LARGEST_BYTES = 20 * 1024 * 1024
EXTRA = "documents"
_SUFFIXES = {
    ".html": "html", ".htm": "html", ".xhtml": "html", ".eml": "mail", ".pdf": "pdf", ".docx": "docx",
    ".md": "markdown", ".markdown": "markdown",
}  # fmt: skip
_CALLED = {"html": "HTML page", "mail": "mail", "pdf": "PDF", "docx": "Word document"}
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_HTML = re.compile(rb"(?i)\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype html|html)[\s>]", re.DOTALL)
_MAIL = re.compile(rb"(?:[A-Za-z-]{2,40}: [^\n]*\n(?:[ \t][^\n]*\n)*){3}")
_MAIL_HEAD = re.compile(rb"(?im)^(?:from|subject|date|message-id): ")
_HEADING = re.compile(r"#{1,6}\s+(\S.*)")


@dataclass(frozen=True, slots=True)
class Read:
    """A file's text and what it says of itself; `pages` tells where each begins, `left_out` what isn't in the text."""

    media: str
    text: str
    title: str = ""
    author: str = ""
    dated: str | None = None
    uri: str = ""
    pages: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()


def read(data: bytes, name: str = "", timeout_s: float = 90.0) -> Read:
    """The text of a file. `name` tells what it is where its bytes don't.

    Raises InvalidInput for what is empty, too large or no text, Refused for what can't be read within bounds,
    Unavailable where the extra that reads it isn't installed.
    """
    called = clean(PurePath(name).name, 80) or "The text"
    if len(data) > LARGEST_BYTES:
        raise InvalidInput(
            f"{called} is larger than {LARGEST_BYTES // 1024 // 1024} MB, the most that a source may have.",
            hint="Split it, or save the part that matters as text.",
        )
    media = kind_of(data, name)
    told = _text(data, called) if media in ("text", "markdown") else _by_child(media, data, called, timeout_s)
    text = reader.plain(str(told["text"]))
    text = text if told.get("pages") else text.strip()
    if not text.strip():
        raise InvalidInput(f"{called} holds no text.", hint=_empty_hint(media))
    if len(text) > reader.MOST_CHARS:
        raise InvalidInput(f"{called} holds more than {reader.MOST_CHARS:,} characters.", hint="Split it.")
    known = {field: clean(told.get(field) or "", 300) for field in ("title", "author", "uri")}
    return Read(
        media,
        text,
        known["title"] or _heading(text) or clean(PurePath(name).stem, 120),
        known["author"],
        told.get("dated") or None,
        known["uri"],
        tuple(told.get("pages", ())),
        tuple(clean(one, 400) for one in told.get("left_out", ())),
    )


def kind_of(data: bytes, name: str) -> str:
    """`text`, `markdown`, `html`, `mail`, `pdf` or `docx`: by the bytes where they tell, else by the name."""
    if data.startswith(b"%PDF-"):
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return "docx"
    by_name = _SUFFIXES.get(PurePath(name).suffix.lower(), "text")
    if by_name == "text" and _HTML.match(data[:4096]):
        return "html"
    head = data[:8192].replace(b"\r\n", b"\n")
    if by_name == "text" and _MAIL.match(head) and len(_MAIL_HEAD.findall(head)) >= 3:
        return "mail"
    return by_name


def _text(data: bytes, called: str) -> Mapping[str, Any]:
    try:
        text, remark = reader.decoded(data)
    except reader.Unreadable:
        raise InvalidInput(
            f"{called} is no text that can be read.", hint="Text, Markdown, HTML, mail (.eml), PDF and DOCX can be."
        ) from None
    return {"text": text, "left_out": [remark] if remark else []}


def _by_child(media: str, data: bytes, called: str, timeout_s: float) -> Mapping[str, Any]:
    """What the reader's own process tells; it knows nothing of this one, and ends with its time."""
    command = [sys.executable, "-I", str(Path(reader.__file__)), media]
    env = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT}
    what = f"{called} can't be read as a {_CALLED[media]}"
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=timeout_s, check=False, env=env)
        told: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise Refused(f"{what}: it takes too long.", hint="Save what matters of it as text.") from None
    except ValueError:
        raise Refused(
            f"{what}: reading it takes more memory or time than a document may.", hint="Save what matters as text."
        ) from None
    if "missing" in told:
        raise Unavailable(
            f"{what}: the library for it, {clean(told['missing'], 40)}, isn't installed.",
            hint=f"Install onefirm[{EXTRA}], or save the file as text.",
        )
    if "why" in told:
        raise Refused(f"{what}: {clean(told['why'], 200)}.", hint="Save what matters of it as text.")
    return told


def _heading(text: str) -> str:
    first = _HEADING.match(text.lstrip("\n"))
    return clean(first[1], 120) if first else ""


def _empty_hint(media: str) -> str:
    return "A scan has to be made text first (OCR)." if media == "pdf" else "Add it once something is in it."
