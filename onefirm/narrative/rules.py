"""Reading `.onefirm/guard.json`, the compiled schema that hooks judge by."""

from __future__ import annotations

from onefirm.sessions import jsons, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

VERSION = 1


class RulesLost(Exception):
    """guard.json is missing, is no guard.json, or was written by a newer onefirm."""


def load(root: str) -> dict[str, Any]:
    """The rules of a workspace. Raises RulesLost."""
    try:
        with open(root + "/.onefirm/guard.json", encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs a hook 8 ms
            rules: dict[str, Any] = jsons.loads(file.read())
        if rules["version"] > VERSION:
            raise RulesLost(f"the guard's rules have version {rules['version']}; this onefirm reads version {VERSION}")
        _ = (rules["kinds"].items(), rules["generated"], rules["append_only"], rules["tool_prefix"])
    except FileNotFoundError as error:
        raise RulesLost("the guard's rules (.onefirm/guard.json) are missing") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RulesLost(f"the guard's rules (.onefirm/guard.json) can't be read ({type(error).__name__})") from error
    return rules


def closed_globs(rules: Mapping[str, Any]) -> tuple[str, ...]:
    """Globs of the files that nobody writes by hand, narrative or not."""
    return (*rules["generated"], *rules["append_only"])


def is_private(path: str) -> bool:
    """Whether a path below the workspace lies in a `.onefirm/`, its own or a nested one."""
    return ".onefirm" in path.lower().split("/")


def is_closed(rules: Mapping[str, Any], path: str) -> bool:
    """Whether a file is never written by hand: generated, append-only, or onefirm's own."""
    return is_private(path) or walk.matches(path, closed_globs(rules))
