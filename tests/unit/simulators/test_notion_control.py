"""The simulator's own address, and the simulator as a process of its own."""

import json
import subprocess
import sys
from typing import Any

import httpx
import pytest
from notion_client import APIResponseError, Client

from onefirm.simulators.notion import Notion


class Remote:
    """Drives a simulator in another process, or in this one as if it were in another."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url, key

    def __call__(self, method: str, path: str, /, **body: Any) -> Any:
        headers = {"X-Simulator-Key": self.key}
        answer = httpx.request(method, f"{self.url}/simulator/{path}", headers=headers, json=body)
        return answer.json() if answer.status_code == 200 else (answer.status_code, answer.json()["message"])


@pytest.fixture
def remote(notion: Notion) -> Remote:
    return Remote(notion.url, notion.control_key)


def test_a_workspace_is_made_and_edited_from_outside(notion: Notion, api: Client, remote: Remote) -> None:
    columns = {"Name": "title", "Value": "number"}
    made = remote("POST", "phone", act="database", **{"with": {"title": "Projects", "properties": columns}})
    row = remote("POST", "phone", act="row", **{"with": {"source": made["id"], "cells": {"Name": "X"}}})
    remote("POST", "phone", act="edit", **{"with": {"row": row["id"], "cells": {"Value": 3}}})
    assert api.pages.retrieve(row["id"])["properties"]["Value"]["number"] == 3
    remote("POST", "phone", act="rename_property", **{"with": {"source": made["id"], "old": "Value", "new": "Worth"}})
    assert "Worth" in api.data_sources.retrieve(made["id"])["properties"]
    remote("POST", "phone", act="delete_database", **{"with": {"database": made["database"]}})
    assert api.databases.retrieve(made["database"])["in_trash"] is True


def test_faults_limits_and_time_are_set_from_outside(notion: Notion, api: Client, remote: Remote) -> None:
    remote("POST", "clock", stop="2026-11-02T09:00:00Z")
    assert remote("POST", "clock", advance_s=90)["now"] == "2026-11-02T09:01:30.000Z"
    settings = remote("POST", "settings", index_lag_s=20, query_cap=7)
    assert settings == {"index_lag_s": 20, "query_cap": 7, "per_connection": None, "per_workspace": None}
    assert notion.queries.cap == 7
    remote("POST", "faults", kind="500", path="users", times=1)
    with pytest.raises(APIResponseError):
        api.users.me()
    state = remote("GET", "state")
    assert state["struck"] == {"500": 1}
    assert state["answers"] == {"500": 1}
    remote("DELETE", "faults")
    assert remote("GET", "state")["rules"] == []


def test_only_the_key_opens_it_and_what_is_wrong_is_said(notion: Notion, remote: Remote) -> None:
    assert Remote(notion.url, "guess")("GET", "state")[0] == 403
    assert remote("GET", "nothing")[0] == 404
    assert remote("POST", "faults", kind="fire") == (
        400,
        "ValueError: no fault is called 'fire'; there are 429, 409, 500, 502, 503, 504, 529, drop, slow, after",
    )
    made = remote("POST", "phone", act="database", **{"with": {"title": "Projects", "properties": {"Name": "title"}}})
    typed = {"source": made["id"], "cells": {"Nmae": "X"}}
    there = "ValueError: there is no property “Nmae”; there are Name"
    assert remote("POST", "phone", act="row", **{"with": typed}) == (400, there)
    assert remote("POST", "phone", act="row", **{"with": {**typed, "source": "nowhere"}})[0] == 400
    assert remote("POST", "phone", act="dance")[0] == 400


def test_a_process_of_its_own_serves_until_its_input_ends() -> None:
    command = [sys.executable, "-m", "onefirm.simulators.notion", "--token", "ntn_mine", "--per-connection", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = json.loads(process.stdout.readline())
        headers = {"Authorization": "Bearer ntn_mine", "Notion-Version": "2026-03-11"}
        answers = [httpx.get(f"{said['url']}/v1/users/me", headers=headers).status_code for _ in range(2)]
        assert answers == [200, 429]
        assert Remote(said["url"], said["control_key"])("GET", "state")["refused"] == 1
        process.communicate(timeout=30)
    assert process.returncode == 0
