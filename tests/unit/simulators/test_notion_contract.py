"""The judge of the simulated Notion: it must be the contract that the README names, and it must be able to say no."""

import gzip
import hashlib
import re

from notion_client import Client

from onefirm.simulators.notion.objects import DataSource
from support import notion_contract
from support.notion_contract import CONTRACT


def test_the_contract_is_the_one_that_its_readme_names() -> None:
    unpacked = gzip.decompress(CONTRACT.read_bytes())
    named = re.search(r"`([0-9a-f]{64})`", (CONTRACT.parent / "README.md").read_text())
    assert named
    assert hashlib.sha256(unpacked).hexdigest() == named[1]


def test_an_answer_that_notion_could_not_give_is_found(api: Client, projects: DataSource) -> None:
    page = api.pages.create(parent={"data_source_id": projects.id}, properties={})
    assert notion_contract.answer_fault("GET", "pages/x", page) is None
    page["properties"]["Value"]["number"] = "three"
    assert "PageObjectResponse" in (notion_contract.answer_fault("GET", "pages/x", page) or "")


def test_a_request_that_notion_does_not_know_is_found() -> None:
    body = {"page_size": 3, "filter": {"timestamp": "created_time", "created_time": {"on_or_after": "2026-11-02"}}}
    assert notion_contract.request_fault("POST", "data_sources/x/query", body) is None
    assert notion_contract.request_fault("POST", "data_sources/x/query", {"filters": {}}) is not None
    assert notion_contract.request_fault("PATCH", "pages/x", {"properties": {"N": {"number": "3"}}}) is not None
    assert notion_contract.request_fault("GET", "users", {}) is None


def test_one_look_is_enough_for_answers_of_one_shape() -> None:
    judge = notion_contract.Judge()
    user = {"object": "user", "id": "x", "name": "Ada", "avatar_url": None, "type": "person", "person": {}}
    assert judge.answer("GET", "users/x", user) is None
    assert notion_contract.shape(user) == notion_contract.shape({**user, "name": "Bob"})
    assert notion_contract.shape(user) != notion_contract.shape({**user, "name": None})
    assert judge.answer("GET", "users/x", {**user, "name": 3}) is not None
