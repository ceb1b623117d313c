"""Reading `.onefirm/guard.json`, the compiled schema that hooks judge by."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1


class RulesLost(Exception):
    """guard.json is missing, is no guard.json, or was written by a newer onefirm."""


def load(root: str) -> dict[str, Any]:
    """The rules of a workspace. Raises RulesLost."""
    try:
        with open(root + "/.onefirm/guard.json", encoding="utf-8") as file:
            rules: dict[str, Any] = json.load(file)
        if rules["version"] > VERSION:
            raise RulesLost(f"the guard's rules have version {rules['version']}; this onefirm reads version {VERSION}")
        _ = (rules["kinds"].items(), rules["generated"], rules["append_only"], rules["tool_prefix"])
    except FileNotFoundError as error:
        raise RulesLost("the guard's rules (.onefirm/guard.json) are missing") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RulesLost(f"the guard's rules (.onefirm/guard.json) can't be read ({type(error).__name__})") from error
    return rules


def closed_globs(rules: dict[str, Any]) -> tuple[str, ...]:
    """Globs of the files that nobody writes by hand, narrative or not."""
    return (*rules["generated"], *rules["append_only"])
