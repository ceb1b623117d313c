"""The simulated Notion refuses in the words that backlot measured on the live API."""

import json
from pathlib import Path
from typing import Any

import pytest

from onefirm.simulators.notion import Notion
from support import notion_refusals

RECORDED = json.loads((Path(__file__).parents[2] / "data" / "notion" / "backlot.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def answered() -> dict[str, Any]:
    """What the simulator answers to each request."""
    with Notion() as notion:
        page = notion.phone.page("Home")
        source = notion.phone.database("Projects", {"Name": "title"})
        notion.phone.row(source, {"Name": "Launch site"})
        own = {
            "token": notion.token,
            "absent": notion_refusals.ABSENT,
            "page": page.id,
            "data_source": source.id,
            "database": source.database,
        }
        told = notion_refusals.answers(notion.url, own)
        assert notion.crashes == []
    return {key(asked): answer for asked, answer in zip(notion_refusals.requests(), told, strict=True)}


def key(asked: dict[str, Any]) -> str:
    return json.dumps({name: asked.get(name) for name in ("method", "path", "headers", "body", "raw")})


def name(asked: dict[str, Any]) -> str:
    sent = asked.get("raw") or json.dumps(asked.get("body", ""))
    return f"{asked['method']} {asked['path']} {sent[:60]} {len(asked['headers'])}"


def test_what_was_recorded_is_dated_and_enough() -> None:
    assert RECORDED["from"] == "backlot 0.1.0"
    assert RECORDED["on"] == "2026-11-21"
    assert len(RECORDED["refusals"]) > 100


@pytest.mark.parametrize("recorded", RECORDED["refusals"], ids=name)
def test_a_refusal_is_the_recorded_one(answered: dict[str, Any], recorded: dict[str, Any]) -> None:
    answer = answered[key(recorded)]
    assert answer["status"] == recorded["status"]
    assert {**answer["answer"], "additional_data": None} == {**recorded["answer"], "additional_data": None}


def test_what_backlot_serves_is_served(answered: dict[str, Any]) -> None:
    refused = {key(one) for one in RECORDED["refusals"]}
    served = {asked: answer for asked, answer in answered.items() if asked not in refused}
    assert {asked: answer for asked, answer in served.items() if answer["status"] != 200} == {}
