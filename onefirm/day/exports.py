"""Memory as files, to be written wherever the operator wants it, or into its own repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from onefirm.core.errors import Refused, Unavailable
from onefirm.day.planes import Planes
from onefirm.memory import chapters, export
from onefirm.memory.export import Rooms
from onefirm.sessions.paths import told

Form = Literal["jsonl", "md"]
FORMS: tuple[Form, ...] = ("jsonl", "md")


def rooms(planes: Planes) -> Rooms:
    """The rooms of memory as the planes have them."""
    return Rooms(planes.store, planes.decisions, planes.lessons, planes.facts, planes.sources, planes.sight)


def files(
    planes: Planes, *, about: str | None = None, forms: Iterable[Form] = FORMS, with_texts: bool = False
) -> Mapping[str, Iterable[str]]:
    """The files of an export by name, each as pieces of text; `with_texts`: JSON lines have the sources' own.

    Raises NotFound, Refused for what the session may not see.
    """
    book = export.read(rooms(planes), about)
    found: dict[str, Iterable[str]] = {}
    if "jsonl" in forms:
        found[export.JSONL] = (f"{line}\n" for line in export.jsonl(book, planes.sources if with_texts else None))
    if "md" in forms:
        found |= {name: (text,) for name, text in chapters.files(book, planes.rules.timezone).items()}
    return found


def pages(planes: Planes) -> dict[str, str]:
    """All of it for the repository of memory, the lines of each client in a file of their own: there every state of a
    file that has changed is kept.
    """
    book = export.read(rooms(planes))
    lines: dict[str, list[str]] = {}
    for one, line in zip(book.items, export.jsonl(book), strict=True):
        lines.setdefault(f"{book.chapters[one.ref]}.jsonl", []).append(f"{line}\n")
    return {name: "".join(some) for name, some in lines.items()} | chapters.files(book, planes.rules.timezone)


def write(planes: Planes, folder: Path, every: Mapping[str, Iterable[str]]) -> list[Path]:
    """Write them into a folder that is new or empty, and not the workspace's. Raises Refused, Unavailable."""
    place = folder.resolve()
    if place.is_relative_to(planes.root.resolve()):
        raise Refused(
            f"{told(str(folder))} lies in the workspace, whose git would keep what is erased later.",
            hint="Name a folder elsewhere.",
        )
    written: list[Path] = []
    try:
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise Refused(f"{told(str(folder))} is there, and not empty.", hint="Name a new folder.")
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, pieces in every.items():
            with (place / name).open("x", encoding="utf-8", errors="replace", newline="\n") as file:
                written.append(place / name)
                file.writelines(pieces)
    except OSError as error:
        for path in written:  # half an export is none, and in its way the next one would be refused
            path.unlink(missing_ok=True)
        raise Unavailable(
            f"{told(str(folder))} can't be written: {error.strerror or error}.", hint="Name a folder that can."
        ) from error
    return written
