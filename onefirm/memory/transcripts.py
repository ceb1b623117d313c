"""Sessions as they are archived: a text that people can read, out of which the court reads what was done again.

Every line of an entry begins with its mark: `> ` a prompt, `< ` an answer, `$ ` a command, `~ ` an edited file and
what was added to it, `+ ` a call of another tool, `! ` a command that failed and the end of what it said.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from sqlalchemy import Connection, select

from onefirm.memory.court import Past
from onefirm.memory.harvest import Failure
from onefirm.sessions.shapes import Moment, Said
from onefirm.store.tables import event, source, source_text

KIND = "session"
LONGEST = 100_000
_MARKS = {"prompt": ">", "answer": "<", "command": "$", "path": "~", "call": "+", "failed": "!"}
_MOST = {"prompt": 4_000, "answer": 1_500, "command": 1_000, "path": 600, "call": 300, "failed": 400}

SecretsCheck = Callable[[str], str | None]


def written(entries: Iterable[Said], secrets_check: SecretsCheck, root: str = "") -> str:
    """The text of a session, "" for one in which nothing was said: entries that hold a secret say only that they did,
    each is cut where it is long, and of a long session beginning and end are kept. Paths are below `root`.
    """
    told = [block for one in entries if (block := _block(one, secrets_check, root))]
    return "\n\n".join(_within(told, LONGEST))


def moments(text: str) -> Iterator[Moment]:
    """What the session did, as far as a trigger can apply to it."""
    for block in text.split("\n\n"):
        mark, lines = block[:1], [line[2:] for line in block.split("\n")]
        said = "\n".join(lines)
        if mark == _MARKS["prompt"]:
            yield {"text": said}
        elif mark == _MARKS["command"]:
            yield {"command": said}
        elif mark == _MARKS["path"]:
            yield {"path": lines[0], "text": "\n".join(lines[1:])}


def past(conn: Connection) -> Iterator[Past]:
    """The sessions whose archived text is still here; a damaged one, which `onefirm doctor` names, is left out."""
    for session, _, at, text in texts(conn):
        yield Past(session, at, tuple(moments(text)))


def failures(conn: Connection) -> Iterator[Failure]:
    """The commands that failed in these sessions."""
    for session, entry, _, text in texts(conn):
        for block in text.split("\n\n"):
            if block.startswith(_MARKS["failed"]):
                command, *said = [line[2:] for line in block.split("\n")]
                yield Failure(session, entry, command, "\n".join(said))


def texts(conn: Connection) -> Iterator[tuple[str, str, str, str]]:
    """Of each archive that can be read: its session, the entry that tells of it, when the session began, the text."""
    query = select(event.c.session, event.c.id, source.c.at, source_text.c.body).join(
        source, event.c.id == source.c.event_id
    )
    query = query.join(source_text, source_text.c.ref == source.c.ref)
    query = query.where(source.c.kind == KIND, source_text.c.body.is_not(None)).order_by(source.c.at, source.c.ref)
    for session, entry, at, body in conn.execute(query):
        with suppress(zlib.error, UnicodeDecodeError):
            yield session or "", entry, at, zlib.decompress(body).decode()


def _block(one: Said, secrets_check: SecretsCheck, root: str) -> str:
    mark = _MARKS[one["what"]]
    text = one["text"].removeprefix(f"{root}/") if one["what"] == "path" else one["text"]
    text = f"{text}\n{one['more']}".strip()
    if secret := secrets_check(text):
        text = f"(left out: it held {secret})"
    longest = _MOST[one["what"]]
    text = text if len(text) <= longest else f"{text[:longest].rstrip()}…"
    clean = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    return "\n".join(f"{mark} {line}" for line in clean.strip().split("\n")) if clean.strip() else ""


def _within(blocks: list[str], longest: int) -> list[str]:
    """The first and the last of them, as many as fit."""
    if sum(map(len, blocks)) <= longest:
        return blocks
    first, last = _fitting(blocks, longest // 2), _fitting(blocks[::-1], longest // 2)
    return [*blocks[:first], f"({len(blocks) - first - last} entries left out)", *blocks[len(blocks) - last :]]


def _fitting(blocks: list[str], room: int) -> int:
    count = 0
    for block in blocks:
        room -= len(block)
        if room < 0:
            break
        count += 1
    return count
