"""What leans on the SDK's insides: a new SDK must be looked at before it is used."""

import asyncio
from importlib.metadata import version
from typing import Any

import pytest
from mcp.server import MCPServer
from mcp.server.mcpserver.tools import Tool

from mcp_server import sdk
from mcp_server.registry import TOOLS


def tools_of(desk: Any) -> list[Any]:
    """Every tool, the internal one too."""
    return asyncio.run(MCPServer.list_tools(desk.server))


def test_this_is_the_sdk_that_the_server_was_written_for() -> None:
    assert version("mcp").startswith(f"{sdk.SDK}."), "read mcp_server/sdk.py against the new SDK, then raise SDK there"


def test_the_sdk_still_has_what_is_used_of_it() -> None:
    tool = Tool.from_function(lambda x: x, name="probe", context_kwarg=None, structured_output=False)
    assert issubclass(tool.fn_metadata.arg_model, object)
    assert tool.parameters["properties"].keys() == {"x"}
    assert set(sdk.FirmTool.model_fields) - set(Tool.model_fields) == {"log_place"}


def test_every_tool_is_offered_once_and_in_a_fixed_order(desk: Any) -> None:
    names = [tool.name for tool in tools_of(desk)]
    assert names == [offer.run.__name__ for offer in TOOLS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", [offer.run.__name__ for offer in TOOLS])
def test_an_unknown_argument_is_refused_with_the_known_ones(desk: Any, name: str) -> None:
    (known,) = (tool.input_schema["properties"] for tool in tools_of(desk) if tool.name == name)
    sentence = desk.refusal(name, {"page_size": 10})
    assert f"{name} has no “page_size”." in sentence
    assert f"{name} takes {', '.join(known)}." in sentence


@pytest.mark.parametrize("name", [offer.run.__name__ for offer in TOOLS])
def test_a_schema_holds_nothing_that_a_model_has_no_use_for(desk: Any, name: str) -> None:
    (tool,) = (tool for tool in tools_of(desk) if tool.name == name)
    assert tool.input_schema["additionalProperties"] is False
    assert tool.output_schema is None
    assert not {"title", "default", "anyOf", "$ref", "$defs", "maximum"} & set(_keys(tool.input_schema))


def _keys(schema: Any) -> list[str]:
    if not isinstance(schema, dict):
        return []
    inner = [key for name, value in schema.items() if name != "properties" for key in [name, *_keys(value)]]
    return inner + [key for value in schema.get("properties", {}).values() for key in _keys(value)]


def test_a_nested_unknown_argument_is_refused_with_the_known_ones(desk: Any) -> None:
    sentence = desk.refusal("record_write", {"changes": [{"op": "create", "props": {}}]})
    assert sentence == "changes[0] has no “props”. changes[0] takes op, kind, ref, set, if_match."


def test_a_wrong_choice_is_refused_with_the_right_ones_and_what_was_sent(desk: Any) -> None:
    sentence = desk.refusal("record_write", {"changes": [{"op": "delete", "ref": "T-1"}]})
    assert sentence == "changes[0].op: input should be 'create', 'update', 'archive' or 'restore', not “delete”."


def test_a_missing_argument_is_named(desk: Any) -> None:
    assert desk.refusal("memory_recall") == "memory_recall needs query. memory_recall takes query, about, limit, as_of."


def test_many_mistakes_are_counted_and_not_all_told(desk: Any) -> None:
    sentence = desk.refusal("record_write", {"changes": [{"op": "x"}] * 40})
    assert sentence.endswith("And 35 more mistakes.")


def test_what_was_sent_is_quoted_shortly(desk: Any) -> None:
    sentence = desk.refusal("record_find", {"limit": "x" * 10_000})
    assert len(sentence) < 200


def test_null_stands_for_an_argument_that_is_left_out(desk: Any) -> None:
    desk.rooms.lessons.answers["record"] = _lesson
    desk.answer("lesson_record", {"rule": "a", "why": "b", "theme": None, "about": None, "again": None})
    ((_, _, named),) = desk.rooms.lessons.asked
    assert (named["theme"], named["about"], named["again"]) == ("general", (), None)


def _lesson(*_positional: Any, **_named: Any) -> Any:
    from types import SimpleNamespace

    return SimpleNamespace(
        ref="L-1",
        status="candidate",
        rule="a",
        theme="general",
        about=(),
        sightings=1,
        event_id="e",
        why="b",
        at="",
        noted="",
    )


def test_no_name_of_the_sdk_stands_before_a_refusal(desk: Any) -> None:
    assert not desk.refusal("record_get").startswith("Error executing tool")
