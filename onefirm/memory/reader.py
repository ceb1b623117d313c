"""What others made, as plain text: HTML, mail, Word and PDF. Standard library, and pypdf for PDF.

It runs as a program of its own, as a file may be made to take all memory and time: bytes come in, one JSON object goes
out. Nothing in a file is ever run, fetched or followed.
"""

from __future__ import annotations

import codecs
import email
import email.policy
import io
import json
import re
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

MOST_CHARS = 5_000_000
MOST_PAGES = 3_000
MEMORY_BYTES = 1_536 * 1024 * 1024
SECONDS = 60
_MOST_XML_BYTES = 64 * 1024 * 1024
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_JOINERS = "\u200c\u200d"  # some scripts need them
_KEPT_CONTROLS = "\n\t"
_CHARSET = re.compile(rb"""(?i)<meta[^>]{0,200}charset\s*=\s*["']?([A-Za-z0-9_-]{2,40})""")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
Told = dict[str, Any]
"""`text`; and where it is known `title`, `author`, `dated`, `pages` (where each begins) and `left_out` (sentences)."""


class Unreadable(Exception):
    """The file is not what it says, or more than is read of one. The sentence is for a person."""


# -- text --------------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Text as it is kept: one form of each character, and nothing that steers a terminal, hides or turns around."""
    if text.isascii() and not any(char < " " and char not in _KEPT_CONTROLS for char in text) and "\x7f" not in text:
        return text
    text = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\f", "\n").replace("\v", "\n")
    if not text.replace("\n", "").replace("\t", "").isprintable():
        text = "".join(char for char in text if _is_kept(char))
    return unicodedata.normalize("NFC", text)


def _is_kept(char: str) -> bool:
    return char in _KEPT_CONTROLS or char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Cs")


def decoded(data: bytes, charset: str = "") -> tuple[str, str]:
    """Bytes as text, and a remark where their encoding had to be guessed. Raises Unreadable for what is no text."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data.decode(name, "replace"), ""
    if b"\0" in data:
        raise Unreadable("it is no text")
    for name in filter(None, ("utf-8", charset)):
        try:
            return data.decode(name), ""
        except (UnicodeDecodeError, LookupError):
            pass
    repaired = data.decode("utf-8", "replace")
    broken = repaired.count("\ufffd")
    # More umlauts that are whole than broken ones: it is UTF-8 with damage, and no older encoding.
    if broken < sum(not char.isascii() for char in repaired) - broken:
        return repaired, f"{broken} characters could not be read"
    return data.decode("cp1252", "replace"), "it was read as Windows-1252, as it is no UTF-8"


# -- HTML --------------------------------------------------------------------------------------------------------------

_SKIPPED = {"script", "style", "template", "noscript", "svg", "head", "iframe", "object", "select", "button"}
_BLOCKS = {
    "p", "div", "section", "article", "header", "footer", "main", "aside", "nav", "blockquote", "pre", "table", "tr",
    "ul", "ol", "dl", "dt", "dd", "figure", "figcaption", "form", "hr", "address", "h1", "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d])", re.I)


class _Page(HTMLParser):
    """The words of a page that a reader sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.title = ""
        self._open: list[tuple[str, bool]] = []
        self._hidden = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag == "br":
            self.parts.append("\n")
        if tag in _VOID:
            return
        self._end_implied(tag)
        given = dict(attrs)
        hides = tag in _SKIPPED or "hidden" in given or bool(_HIDDEN.search(given.get("style") or ""))
        self._open.append((tag, hides))
        self._hidden += hides
        if self._hidden:
            return
        if tag in _BLOCKS:
            self.parts.append("\n\n" if tag not in ("tr", "dt", "dd") else "\n")
        if tag[0] == "h" and tag[1:].isdigit():
            self.parts.append("#" * int(tag[1:]) + " ")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in ("td", "th"):
            self.parts.append(" | " if self.parts and not self.parts[-1].endswith("\n") else "")

    def _end_implied(self, tag: str) -> None:
        """A paragraph ends where a block begins, an item where the next one does, also when nobody wrote that."""
        inner = [open_tag for open_tag, _ in self._open[-50:]]
        if tag in _BLOCKS and "p" in inner:
            self.handle_endtag("p")
        elif tag == "li":
            last = max((at for at, name in enumerate(inner) if name in ("ul", "ol")), default=-1)
            if "li" in inner[last + 1 :]:
                self.handle_endtag("li")

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False
        depth = next((at for at in range(len(self._open) - 1, max(-1, len(self._open) - 200), -1)
                      if self._open[at][0] == tag), None)  # fmt: skip
        if depth is None:
            return
        self._hidden -= sum(hides for _, hides in self._open[depth:])
        del self._open[depth:]
        if tag in _BLOCKS and not self._hidden:
            self.parts.append("\n\n" if tag not in ("tr", "dt", "dd") else "")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._hidden:
            is_preformatted = any(tag == "pre" for tag, _ in self._open[-20:])
            self.parts.append(data if is_preformatted else re.sub(r"\s+", " ", data))


def html(data: bytes) -> Told:
    """A page: what is seen of it. What it hides from the eye is left out."""
    declared = _CHARSET.search(data[:4096])
    text, remark = decoded(data, declared[1].decode("ascii") if declared else "")
    return {**_html(text), "left_out": [remark] if remark else []}


def _html(text: str) -> Told:
    page = _Page()
    page.feed(text)
    page.close()
    lines = "".join(page.parts).split("\n")
    folded = "\n".join(line.strip(" \t") if not line.startswith("    ") else line.rstrip() for line in lines)
    return {"text": re.sub(r"\n{3,}", "\n\n", folded).strip(), "title": " ".join(page.title.split())}


# -- mail --------------------------------------------------------------------------------------------------------------


def mail(data: bytes) -> Told:
    """A mail: who to whom, when, what about, and its text. Attachments are named, and not read."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    heads = {name: _header(message, name) for name in ("From", "To", "Cc", "Date", "Subject")}
    if not heads["From"] and not heads["Subject"]:
        raise Unreadable("it has neither sender nor subject, so it is no mail")
    body, remark = _body(message)
    shown = "\n".join(f"{name}: {value}" for name, value in heads.items() if value)
    attached = [_title(part.get_filename() or part.get_content_type()) for part in _attachments(message)]
    left_out = [f"attached, and not read: {', '.join(attached[:20])}"] if attached else []
    return {
        "text": f"{shown}\n\n{body.strip()}", "title": heads["Subject"], "author": heads["From"],
        "dated": _sent(message), "uri": _header(message, "Message-ID"), "left_out": left_out + [remark] * bool(remark),
    }  # fmt: skip


def _header(message: EmailMessage, name: str) -> str:
    try:
        return _title(str(message.get(name) or ""))
    except (ValueError, LookupError, AttributeError, IndexError):  # what the parser makes of broken headers
        return ""


def _title(text: str) -> str:
    return " ".join(plain(text).split())[:300]


def _sent(message: EmailMessage) -> str | None:
    try:
        sent = message["Date"].datetime
    except (AttributeError, ValueError, TypeError, IndexError):
        return None
    if not isinstance(sent, datetime):
        return None
    try:
        return (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except OverflowError:  # before the year 1
        return None


def _attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    return (part for part in message.walk() if part.get_content_disposition() == "attachment")


def _body(message: EmailMessage) -> tuple[str, str]:
    part = message.get_body(("plain", "html"))
    if part is None:
        return "", "it has no text"
    raw: object = part.get_payload(decode=True)
    text, remark = decoded(raw if isinstance(raw, bytes) else b"", part.get_content_charset() or "")
    return (_html(text)["text"] if part.get_content_subtype() == "html" else text), remark


# -- Word --------------------------------------------------------------------------------------------------------------

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_HEADED = re.compile(r"(?i)(?:heading|berschrift|überschrift|titre)\s*([1-6])")
_CORE = {
    "title": "{http://purl.org/dc/elements/1.1/}title", "author": "{http://purl.org/dc/elements/1.1/}creator",
    "dated": "{http://purl.org/dc/terms/}modified",
}  # fmt: skip


def docx(data: bytes) -> Told:
    """A Word document: paragraphs, headings, lists and tables in their order; no comments, notes or pictures."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            body = _xml(package, "word/document.xml")
            core = _xml(package, "docProps/core.xml") if "docProps/core.xml" in package.namelist() else None
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError) as error:
        raise Unreadable("it is no Word document, or damaged") from error
    known = {name: core.findtext(tag, "").strip() for name, tag in _CORE.items()} if core is not None else {}
    return {"text": re.sub(r"\n{3,}", "\n\n", "\n".join(_paragraphs(body))).strip(), **known}


def _xml(package: zipfile.ZipFile, name: str) -> ElementTree.Element:
    with package.open(name) as part:
        text = part.read(_MOST_XML_BYTES + 1)
    if len(text) > _MOST_XML_BYTES:
        raise Unreadable("it unpacks to more than 64 MB")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise Unreadable("it declares entities, which a document never does")
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - no entities, in a process with bounds
    except ElementTree.ParseError as error:
        raise Unreadable("it is damaged") from error


def _paragraphs(body: ElementTree.Element) -> Iterator[str]:
    """A line for each paragraph and each row of a table, an empty one between paragraphs."""
    waiting = list(body)[::-1]
    while waiting:
        one = waiting.pop()
        if one.tag == f"{_W}p":
            yield _paragraph(one)
            yield ""
        elif one.tag == f"{_W}tr":
            cells = (" ".join(_words(cell).split()) for cell in one.iter(f"{_W}tc"))
            yield " | ".join(cells)
        elif one.tag != _FALLBACK:
            waiting.extend(list(one)[::-1])


def _paragraph(paragraph: ElementTree.Element) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    named = _HEADED.fullmatch(style.get(f"{_W}val") or "") if style is not None else None
    is_listed = paragraph.find(f"{_W}pPr/{_W}numPr") is not None
    mark = "#" * int(named[1]) + " " if named else "- " if is_listed else ""
    return mark + _words(paragraph)


def _words(within: ElementTree.Element) -> str:
    said: list[str] = []
    waiting = [within]
    while waiting:
        one = waiting.pop()
        if one.tag == _FALLBACK:
            continue
        if one.tag == f"{_W}t":
            said.append(one.text or "")
        elif one.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
            said.append("\t" if one.tag.endswith("tab") else "\n")
        elif one.tag == f"{_W}p" and said:
            said.append(" ")
        waiting.extend(list(one)[::-1])
    return "".join(said)


# -- PDF ---------------------------------------------------------------------------------------------------------------


def pdf(data: bytes) -> Told:
    """A PDF: the text of its pages. A scan has none."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("it is locked by a password")
        count = len(reader.pages)
        if count > MOST_PAGES:
            raise Unreadable(f"it has {count:,} pages, and {MOST_PAGES:,} is the most")
        texts, lost = _page_texts(reader)
        info = reader.metadata
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Unreadable("it is no PDF, or damaged") from error
    pages, at = list[int](), 0
    for text in texts:
        pages.append(at)
        at += len(text) + 2
    if lost == count > 0:
        raise Unreadable("none of its pages can be read, or only with more memory than a document may take")
    empty = sum(not text for text in texts)
    told = [f"{lost} pages could not be read"] if lost else []
    told += [f"{empty} of {count} pages hold no text: pictures, perhaps a scan"] if empty - lost > 0 else []
    return {
        "text": "\n\n".join(texts), "pages": pages, "left_out": told,
        "title": str(info.title or "") if info else "", "author": str(info.author or "") if info else "",
    }  # fmt: skip


def _page_texts(reader: Any) -> tuple[list[str], int]:
    texts, lost, length = list[str](), 0, 0
    for page in reader.pages:
        try:
            texts.append(re.sub(r"\n{3,}", "\n\n", plain(page.extract_text())).strip())
        except (MemoryError, Unreadable):
            raise
        except Exception:  # noqa: BLE001 - whatever a library makes of a broken page: the others can be read
            texts.append("")
            lost += 1
        length += len(texts[-1])
        if length > MOST_CHARS:
            raise Unreadable(f"it holds more than {MOST_CHARS:,} characters")
    return texts, lost


# -- the program -------------------------------------------------------------------------------------------------------

READERS: Mapping[str, Callable[[bytes], Told]] = {"html": html, "mail": mail, "docx": docx, "pdf": pdf}


def main(media: str) -> None:
    """Read what comes in as this medium, inside bounds of memory and time."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        told = READERS[media](sys.stdin.buffer.read())
    except Unreadable as error:
        told = {"why": str(error)}
    except ModuleNotFoundError as error:
        told = {"missing": error.name}
    except (MemoryError, RecursionError):
        told = {"why": "reading it takes more memory than a document may"}
    except Exception:  # noqa: BLE001 - what a library makes of a broken file is no answer to whoever sent it
        told = {"why": "it is damaged"}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
