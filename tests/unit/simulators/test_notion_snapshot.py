"""The simulated workspace as a file: what was there is there again, and a kill loses nothing that was answered."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from notion_client import APIResponseError, Client

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.moments import Dial
from onefirm.simulators.notion.snapshot import Unreadable
from support.notion import client


def said(notion: Notion) -> dict[str, Any]:
    """What the API answers about all there is."""
    api, space = client(notion), notion.workspace
    kinds = {"pages": space.pages, "databases": space.databases, "data_sources": space.sources, "blocks": space.blocks}
    asked = [(f"{kind}/{one}", "GET", None) for kind, held in kinds.items() for one in held]
    asked += [(f"data_sources/{one}/query", "POST", None) for one in space.sources]
    asked += [("comments", "GET", {"block_id": one}) for one in space.pages]
    told = {f"{method} {path} {query}": answered(api, path, method, query) for path, method, query in asked}
    api.close()
    return told


def answered(api: Client, *asked: Any) -> Any:
    try:
        answer: Any = api.request(*asked)
    except APIResponseError as refused:
        return refused.code
    answer.pop("request_id")
    return answer


def test_a_workspace_goes_on_where_it_was(tmp_path: Path) -> None:
    state, dial = tmp_path / "notion.json", Dial()
    dial.stop()
    with Notion(dial, state=state, index_lag_s=20) as notion:
        phone = notion.phone
        clients = phone.database("Clients", {"Name": "title"}, under=phone.page("Firm").id)
        relation = {"data_source_id": clients.id, "dual_property": {"synced_property_name": "Projects"}}
        status = {"options": [{"name": "Open"}, {"name": "Done"}]}
        columns = {"Name": "title", "Status": {"status": status}, "Client": {"relation": relation}, "N": "unique_id"}
        projects = phone.database("Projects", columns)
        acme = phone.row(clients, {"Name": "Ácme 🚀"})
        site = phone.row(projects, {"Name": "Site", "Status": "Open", "Client": [acme.id]})
        phone.write(site.id, "Said\n- [ ] call Jana")
        phone.comment(site.id, "when?")
        phone.trash(phone.row(projects, {"Name": "Gone"}).id)
        phone.unshare(phone.page("Private").id, notion.token)
        dial.advance(seconds=30)
        late = phone.row(projects, {"Name": "Not in the lists yet"})
        url, before = notion.url, said(notion)
    assert state.stat().st_mode & 0o777 == 0o600
    with Notion(state=state) as again:
        assert (again.url, said(again)) == (url, before)
        api = client(again)
        assert [row["id"] for row in api.data_sources.query(projects.id)["results"]] == [site.id]
        assert isinstance(again.clock, Dial)
        again.clock.advance(seconds=20)
        assert {row["id"] for row in api.data_sources.query(projects.id)["results"]} == {site.id, late.id}
        made = api.pages.create(parent={"data_source_id": projects.id}, properties={"Status": {"status": None}})
        assert made["properties"]["N"]["unique_id"]["number"] == 4
        assert made["id"] not in before
        api.close()


def test_what_was_answered_survives_a_kill_and_a_second_one_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "onefirm.simulators.notion", "--state", str(tmp_path / "notion.json")]
    addresses = list[str]()
    for number in range(2):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            told = json.loads(process.stdout.readline())
            key = {"X-Simulator-Key": told["control_key"]}
            act = {"act": "database", "with": {"title": f"Clients {number}", "properties": {"Name": "title"}}}
            httpx.post(f"{told['url']}/simulator/phone", headers=key, json=act).raise_for_status()
            rows = httpx.get(f"{told['url']}/simulator/state", headers=key).json()["rows"]
            addresses.append(told["url"])
            if number == 1:
                second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
                assert (second.returncode, second.stderr[:24]) == (1, "No Notion was started: [")
            process.kill()
        assert len(rows) == number + 1
    assert addresses[0] == addresses[1]


@pytest.mark.parametrize(
    ("held", "why"),
    [
        ("[]", "holds no simulated Notion"),
        ('{"simulated_notion": 1', "holds no simulated Notion"),
        ('{"simulated_notion": 2}', "is of version 2"),
        ('{"simulated_notion": 1}', "is not whole: KeyError"),
    ],
)
def test_what_is_no_workspace_is_refused_and_left_as_it_is(tmp_path: Path, held: str, why: str) -> None:
    state = tmp_path / "notion.json"
    state.write_text(held)
    with pytest.raises(Unreadable, match=why):
        Notion(state=state)
    assert state.read_text() == held
