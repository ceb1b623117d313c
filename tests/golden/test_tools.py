"""Each tool as a client sees it: one golden file a tool, within its budget; and the reference, which says the same.

`ONEFIRM_ACCEPT_GOLDEN=1` writes the files; read what changed as a diff.
"""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp.server import MCPServer

from mcp_server import reference
from mcp_server.registry import TOOLS
from mcp_server.server import build

BUDGET = 150
WHOLE_BUDGET = 1_600
FILES = Path(__file__).parent / "tools"
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "tools.md"
NAMES = [offer.run.__name__ for offer in TOOLS]
ACCEPT = os.environ.get("ONEFIRM_ACCEPT_GOLDEN") == "1"


def definition(name: str) -> dict[str, Any]:
    """What `tools/list` sends about a tool, or would send about an internal one."""
    tools = asyncio.run(MCPServer.list_tools(build(Path("workspace"))))
    (tool,) = (tool for tool in tools if tool.name == name)
    return tool.model_dump(mode="json", by_alias=True, exclude_none=True)


def held(file: Path, text: str) -> None:
    if ACCEPT:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.exists(), f"{file.name} is missing: read the change, then accept it with ONEFIRM_ACCEPT_GOLDEN=1"
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_is_as_its_golden_file_says(name: str) -> None:
    held(FILES / f"{name}.json", json.dumps(definition(name), indent=2, ensure_ascii=False) + "\n")


def test_there_is_no_golden_file_without_a_tool() -> None:
    assert sorted(file.stem for file in FILES.iterdir()) == sorted(NAMES)


def cost(name: str, tokens: Callable[[str], int]) -> int:
    """Tokens of everything that a client may show a model; a title is for people."""
    shown = {key: value for key, value in definition(name).items() if key != "title"}
    return tokens(json.dumps(shown, separators=(",", ":"), ensure_ascii=False))


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_costs_at_most_its_budget(name: str, tokens: Callable[[str], int]) -> None:
    assert cost(name, tokens) <= BUDGET


def test_all_tools_together_cost_less_than_one_page_of_a_list(tokens: Callable[[str], int]) -> None:
    listed = [offer.run.__name__ for offer in TOOLS if not offer.internal]
    assert sum(cost(name, tokens) for name in listed) <= WHOLE_BUDGET


@pytest.mark.parametrize("name", NAMES)
def test_hints_are_honest_about_reading_and_writing(name: str) -> None:
    hints = definition(name)["annotations"]
    reads = name.split("_")[1] in ("get", "find", "recall", "trace")
    assert hints.get("readOnlyHint", False) is reads
    assert hints["openWorldHint"] is False
    assert reads or hints["destructiveHint"] is False


def test_only_what_needs_a_persons_yes_asks_for_it() -> None:
    asks = [name for name in NAMES if definition(name).get("_meta", {}).get("anthropic/requiresUserInteraction")]
    assert asks == ["lesson_decide"]


def test_the_reference_is_what_the_server_says() -> None:
    held(REFERENCE, reference.markdown())
