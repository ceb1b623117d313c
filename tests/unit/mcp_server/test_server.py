"""The server round the tools: what it says of itself, how it fails, whom it binds."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError

from mcp_server.server import INSTRUCTIONS, build
from onefirm.core.errors import NotFound
from onefirm.sessions import identity
from support.fake_firm import BROKEN, brief


def test_without_a_workspace_there_are_no_tools_and_one_line_that_says_why() -> None:
    async def look() -> tuple[list[Any], list[Any], str]:
        async with Client(build(None)) as client:
            tools = (await client.list_tools()).tools
            return tools, (await client.list_resources()).resources, client.instructions or ""

    tools, resources, instructions = asyncio.run(look())
    assert (tools, resources) == ([], [])
    assert instructions.startswith("No onefirm workspace here")
    assert "restart the client" in instructions
    assert "\n" not in instructions


def test_the_instructions_are_five_lines_that_put_state_before_narrative(tokens: Any) -> None:
    assert len(INSTRUCTIONS.splitlines()) <= 5
    assert "record_write first, the narrative after" in INSTRUCTIONS
    assert tokens(INSTRUCTIONS) < 120


def test_a_firm_that_cannot_be_opened_is_told_by_every_tool_until_it_is_mended(desk: Any) -> None:
    desk.opener.failure = BROKEN
    assert desk.refusal("brief_get") == "The database is damaged. Run `onefirm doctor`."
    assert desk.refusal("record_get", {"refs": ["P-1"]}) == "The database is damaged. Run `onefirm doctor`."
    desk.opener.failure = None
    desk.rooms.day.answers["brief"] = brief()
    assert desk.answer("brief_get") == {"at": "2026-11-02T08:00:00.000000Z", "brief": "# Acme Rockets"}


def test_an_unforeseen_failure_is_told_without_its_words_and_logged_with_them(
    desk: Any, caplog: pytest.LogCaptureFixture
) -> None:
    desk.rooms.day.answers["brief"] = RuntimeError("token=secret")
    with caplog.at_level(logging.WARNING):
        sentence = desk.refusal("brief_get")
    assert "brief_get failed inside onefirm (RuntimeError); its log says where." in sentence
    assert "secret" not in sentence
    (record,) = [record for record in caplog.records if record.name == "onefirm.mcp"]
    assert record.exc_info is not None
    assert "token=secret" in str(record.exc_info[1])


def test_the_first_list_of_tools_opens_the_firm_in_the_background(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_server.server._WARM_AFTER_S", 0)
    asyncio.run(desk.server.list_tools())
    deadline = 1_000
    while not desk.opener.opened and deadline:
        deadline -= 1
        asyncio.run(asyncio.sleep(0.01))
    assert len(desk.opener.opened) == 1


# -- sessions ----------------------------------------------------------------------------------------------------------


def bind(desk: Any, client_id: str, tool_use_id: str, **more: str) -> None:
    assert (
        desk.ask("session_bind", {"session_id": client_id, "tool_use_id": tool_use_id, **more}).content[0].text == "{}"
    )


def caller_of(desk: Any, tool_use_id: str | None) -> Any:
    """The attribution that a room was handed by a decision_record call."""
    desk.rooms.decisions.answers["record"] = NotFound("stop here")
    desk.refusal("decision_record", {"what": "a", "why": "b"}, tool_use_id)
    return desk.rooms.decisions.asked[-1][2]["by"]


def test_an_announced_call_is_attributed_to_our_session_of_the_client(desk: Any) -> None:
    bind(desk, "client-1", "toolu_1")
    by = caller_of(desk, "toolu_1")
    assert by.actor == "claude"
    assert by.session == identity.of_client(str(desk.root), "client-1")


def test_a_new_client_session_in_the_same_process_is_another_session_of_ours(desk: Any) -> None:
    bind(desk, "client-1", "toolu_1")
    bind(desk, "client-2", "toolu_2")
    assert caller_of(desk, "toolu_1").session != caller_of(desk, "toolu_2").session


def test_a_subagent_is_named_and_shares_the_session(desk: Any) -> None:
    bind(desk, "client-1", "toolu_1")
    bind(desk, "client-1", "toolu_2", agent="reviewer")
    main, sub = caller_of(desk, "toolu_1"), caller_of(desk, "toolu_2")
    assert (main.actor, sub.actor) == ("claude", "claude/reviewer")
    assert main.session == sub.session


@pytest.mark.parametrize("tool_use_id", [None, "toolu_unannounced"])
def test_an_unannounced_call_works_without_a_session(desk: Any, tool_use_id: str | None) -> None:
    by = caller_of(desk, tool_use_id)
    assert (by.actor, by.session) == ("claude", None)


def test_the_tool_of_the_hook_can_be_called_but_is_not_listed(desk: Any) -> None:
    listed = [tool.name for tool in asyncio.run(desk.server.list_tools())]
    assert "record_get" in listed
    assert "session_bind" not in listed
    bind(desk, "client-1", "toolu_1")


def test_a_model_cannot_bind_a_session(desk: Any) -> None:
    arguments = {"session_id": "client-1", "tool_use_id": "toolu_9"}
    assert "for onefirm's own hook" in desk.refusal("session_bind", arguments, "toolu_8")
    assert caller_of(desk, "toolu_9").session is None


def test_binding_opens_no_firm(desk: Any) -> None:
    bind(desk, "client-1", "toolu_1")
    assert desk.opener.opened == []


def test_a_session_database_that_cannot_be_written_leaves_the_call_unbound(desk: Any) -> None:
    bind(desk, "client-1", "toolu_1")
    (desk.root / ".onefirm" / "session.db").unlink(missing_ok=True)
    (desk.root / ".onefirm" / "session.db").mkdir()
    assert caller_of(desk, "toolu_1").session is None


# -- resources ---------------------------------------------------------------------------------------------------------


def read(desk: Any, uri: str) -> Any:
    """The text of a resource, or the protocol error that it gave."""

    async def once() -> Any:
        async with Client(desk.server) as client:
            try:
                return (await client.read_resource(uri)).contents[0].text  # type: ignore[union-attr]
            except MCPError as error:
                return error.error

    return asyncio.run(once())


def test_the_brief_and_the_records_are_listed_as_resources(desk: Any) -> None:
    async def look() -> tuple[list[str], list[str]]:
        async with Client(desk.server) as client:
            resources = [str(resource.uri) for resource in (await client.list_resources()).resources]
            listed = (await client.list_resource_templates()).resource_templates
            return resources, [template.uri_template for template in listed]

    assert asyncio.run(look()) == (["firm://brief"], ["firm://records/{ref}", "firm://artifacts/{ref}"])


def test_the_brief_is_read_as_text(desk: Any) -> None:
    desk.rooms.day.answers["brief"] = brief("# Acme Rockets: Monday")
    assert read(desk, "firm://brief") == "# Acme Rockets: Monday"


def test_a_record_that_is_missing_is_an_error_with_its_sentence(desk: Any) -> None:
    desk.rooms.records.answers["get"] = NotFound("There is no T-99.", hint="record_find lists them.")
    error = read(desk, "firm://records/T-99")
    assert (error.code, error.message) == (-32602, "There is no T-99. record_find lists them.")


@pytest.mark.parametrize("uri", ["firm://records/..%2F..%2Fetc%2Fpasswd", "firm://records/%00", "firm://records//etc"])
def test_a_resource_address_cannot_leave_the_records(desk: Any, uri: str) -> None:
    assert read(desk, uri).code == -32602
    assert desk.rooms.records.asked == []


def test_a_firm_that_cannot_be_opened_is_told_by_a_resource_too(desk: Any) -> None:
    desk.opener.failure = BROKEN
    assert read(desk, "firm://brief").message == "The database is damaged. Run `onefirm doctor`."


def test_an_unknown_tool_is_refused(desk: Any) -> None:
    assert "record_delete" in desk.refusal("record_delete", {"ref": "T-1"})


def test_the_root_is_handed_to_the_opener(tmp_path: Path) -> None:
    asked: list[Path] = []

    def opener(root: Path) -> Any:
        asked.append(root)
        raise BROKEN

    async def once() -> None:
        async with Client(build(tmp_path, open_firm=opener)) as client:
            await client.call_tool("brief_get", {})

    asyncio.run(once())
    assert asked == [tmp_path]
