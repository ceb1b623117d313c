"""The rules that the operator has enforced, compiled for hooks: which edits and commands they refuse, or ask about.

`.onefirm/enforced.json` is written by the core whenever lessons change; without an enforced rule there is none. A
pattern holds plain words and `*` and nothing that could take long: paths (globs, as the guard's), words that an edit
adds, commands by their words. An edit meets paths and words where a pattern has both.
"""

from __future__ import annotations

from onefirm.sessions import jsons, walk
from onefirm.sessions.reminders import ENFORCED as FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from onefirm.sessions.shapes import Moment

    Pattern = Mapping[str, Any]

VERSION = 1
PARTS = ("paths", "words", "commands")


class Lost(Exception):
    """The file can't be read, or was written by a newer onefirm."""


def read(root: str) -> list[dict[str, Any]]:
    """The enforced rules: {"ref", "rule", "why", "instead", "asks"} and the parts of their patterns. Raises Lost."""
    try:
        with open(f"{root}/{FILE}", encoding="utf-8") as file:
            found = jsons.loads(file.read())
        if found["version"] > VERSION:
            raise Lost(f"{FILE} has version {found['version']}; this onefirm reads version {VERSION}")
        rules: list[dict[str, Any]] = [{**dict.fromkeys(PARTS, ()), **one} for one in found["rules"]]
        _ = [(one["ref"], one["rule"], one["why"], one["instead"], one["asks"]) for one in rules]
    except FileNotFoundError:
        return []  # lifted meanwhile
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Lost(f"{FILE} can't be read ({type(error).__name__})") from error
    return rules


def of_edit(pattern: Pattern, path: str, change: Callable[[], tuple[str, str]]) -> str:
    """What of the pattern an edit of this file meets, for a person; "" where it doesn't. `change` gives both texts."""
    paths, words = pattern.get("paths"), pattern.get("words")
    if not (paths or words) or (paths and not walk.matches(path, tuple(paths))):
        return ""
    if not words:
        return f"path {path}"
    old, new = map(_folded, change())
    found = next((one for one in words if _count(_folded(one), new) > _count(_folded(one), old)), "")
    return f"“{found}” in {path}" if found else ""


def of_command(pattern: Pattern, programs: Iterable[list[str]]) -> str:
    """What of the pattern a command meets that starts these programs, for a person; "" where it doesn't."""
    wanted = pattern.get("commands")
    if not wanted:
        return ""
    from onefirm.sessions import commands  # only a command pays for reading commands

    found = next((one for words in programs for one in wanted if commands.runs(one, words)), "")
    return f"command “{found}”" if found else ""


def of_moment(pattern: Pattern, moment: Moment) -> str:
    """What of the pattern a past moment meets: of an edit only what it added is known."""
    from onefirm.sessions import commands

    if "command" in moment:
        return of_command(pattern, commands.programs(moment["command"]))
    return of_edit(pattern, moment["path"], lambda: ("", moment.get("text", ""))) if "path" in moment else ""


def is_comparable(pattern: Pattern, moment: Moment) -> bool:
    """Whether a past moment is one that the pattern could have met at all."""
    if "command" in moment:
        return bool(pattern.get("commands"))
    if "path" not in moment:
        return False
    return bool(moment.get("text")) if pattern.get("words") else bool(pattern.get("paths"))


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _count(word: str, text: str) -> int:
    """How often the word stands in the text for itself."""
    count, at = 0, text.find(word)
    while at >= 0:
        end = at + len(word)
        count += not (_joins(text[at - 1 : at], word[0]) or _joins(word[-1], text[end : end + 1]))
        at = text.find(word, end)
    return count


def _joins(one: str, other: str) -> bool:
    return (one.isalnum() or one == "_") and (other.isalnum() or other == "_")
