"""What notion.yaml must be told once a new schema is in force: noted with it, and written by whoever comes next.

A telling gives the word `at` a path another `name`, or a `value` (None takes it out); a whole kind also has its `text`.
The operator's remarks and the file's form stay.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from onefirm import yamlfile
from onefirm.core.errors import Unavailable
from onefirm.state.truth.base import TOLD
from onefirm.state.truth.notion.mapping import FILE
from onefirm.store import notes
from onefirm.store.engine import Store

Telling: TypeAlias = Mapping[str, Any]


def catch_up(root: Path, store: Store) -> None:
    """Write what is noted; nothing where nothing is. Raises InvalidInput, NotFound, Unavailable."""
    with store.read() as conn:
        if not notes.get(conn, TOLD):
            return
    with store.write() as conn:  # one process at a time, and the others see that it is done
        if left := notes.get(conn, TOLD):
            _write(root / FILE, left)
            notes.put(conn, TOLD, [])


def _write(path: Path, left: Iterable[Telling]) -> None:
    file = yamlfile.read(path)
    text = path.read_text(encoding="utf-8")
    draft = path.with_name(f".{FILE}.draft")
    try:
        draft.write_text(told(file.path, text, left), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Unavailable(
            f"{path} can't be written: {error.strerror}.", hint="Mend that; the next command writes what is new there."
        ) from None


def told(path: Path, text: str, some: Iterable[Telling]) -> str:
    """The text of the file with all of them; what it says already, or has no place for any more, is left out."""
    for one in some:
        if not _is_due(yamlfile.parse(path, text.encode()).value, one):
            continue
        if "name" in one:
            text = yamlfile.renamed(path, text, one["at"], one["name"])
        else:
            text = _with_kind(path, text, one) or yamlfile.changed(path, text, [(one["at"], one["value"])])
    return text


def _with_kind(path: Path, text: str, one: Telling) -> str | None:
    """The text with a kind at its end, in the form that the others have; None where that is not its place."""
    longer = f"{text.rstrip()}\n{one.get('text', '')}"
    plain, wanted = yamlfile.parse(path, text.encode()).value, yamlfile.parse(path, longer.encode()).value
    tell(plain, one)
    return longer if "text" in one and plain == wanted else None


def tell(plain: dict[str, Any], one: Telling) -> None:
    """The same for the plain values of a file."""
    if not _is_due(plain, one):
        return
    holder = _at(plain, one["at"][:-1])
    last = one["at"][-1]
    if "name" in one:
        holder[one["name"]] = holder.pop(last)
    elif one["value"] is None:
        del holder[last]
    else:
        holder[last] = one["value"]


def _is_due(plain: Any, one: Telling) -> bool:
    try:
        holder = _at(plain, one["at"][:-1])
    except (KeyError, TypeError):
        return False
    is_there = one["at"][-1] in holder
    if "name" in one:
        return is_there and one["name"] not in holder
    return is_there if one["value"] is None else holder.get(one["at"][-1]) != one["value"]


def _at(plain: Any, path: Sequence[str]) -> Any:
    return functools.reduce(operator.getitem, path, plain)
