"""One table from what went wrong to the sentence that the model reads: what happened, then what to do next."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, cast

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import ValidationError

from onefirm.core.errors import FirmError

log = logging.getLogger("onefirm.mcp")

_MOST = 5
_LONGEST = 3_000


def sentence(tool: str, schema: Mapping[str, Any], error: BaseException, log_place: str) -> str:
    """What to tell about `error`. A failure that nobody foresaw is logged with its traceback, and only there."""
    said = _sentence(tool, schema, error, log_place)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}… ({len(said) - _LONGEST} characters more)"


def _sentence(tool: str, schema: Mapping[str, Any], error: BaseException, log_place: str) -> str:
    match error:
        case ValidationError():
            return " ".join(_arguments(tool, schema, error))
        case FirmError() | ToolError():
            return str(error)
        case _:
            log.error("%s failed", tool, exc_info=error)
            return (
                f"{tool} failed inside onefirm ({type(error).__name__}); {log_place} says where. "
                "Read the records to see what stands; if it fails again, ask the operator to run `onefirm doctor`."
            )


def _arguments(tool: str, schema: Mapping[str, Any], error: ValidationError) -> Iterable[str]:
    """One sentence for each wrong argument, the first few of them, and the names that are known where one was wrong."""
    problems = error.errors(include_url=False, include_context=False)
    for problem in problems[:_MOST]:
        yield _argument(tool, problem["loc"], problem["type"], problem["msg"], problem.get("input"))
    if len(problems) > _MOST:
        yield f"And {len(problems) - _MOST} more mistakes."
    for place in dict.fromkeys(problem["loc"][:-1] for problem in problems if problem["type"] in _MISNAMED):
        yield f"{_path(place) or tool} takes {_names(schema, place)}."


_MISNAMED = ("extra_forbidden", "missing")


def _argument(tool: str, where: tuple[int | str, ...], kind: str, said: str, given: object) -> str:
    owner = _path(where[:-1]) or tool
    name = str(where[-1])[:40] if where else tool
    match kind:
        case "extra_forbidden":
            return f"{owner} has no “{name}”."
        case "missing":
            return f"{owner} needs {name}."
        case _:
            shown = f", not {_shown(given)}" if isinstance(given, str | int | float) else ""
            return f"{_path(where) or tool}: {said[:1].lower()}{said[1:]}{shown}."


def _names(schema: Mapping[str, Any], where: tuple[int | str, ...]) -> str:
    """The argument names that the schema knows at a place within it."""
    for part in where:
        inner = schema.get("items") if isinstance(part, int) else schema.get("properties", {}).get(part)
        schema = cast("Mapping[str, Any]", inner or {})
    return ", ".join(schema.get("properties", {})) or "no arguments"


def _path(where: tuple[int | str, ...]) -> str:
    path = ""
    for part in where:
        path += f"[{part}]" if isinstance(part, int) else f".{part[:40]}" if path else part[:40]
    return path


def _shown(given: object) -> str:
    words = str(given)
    return f"“{words[:60]}…”" if len(words) > 60 else f"“{words}”"
