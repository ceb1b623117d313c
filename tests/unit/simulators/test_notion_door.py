"""The door of the simulated Notion: who may come in, in which version, how often, and what goes wrong on the way."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from notion_client import APIResponseError, Client
from notion_client.errors import UnknownHTTPResponseError

from onefirm.simulators.notion import Notion, server
from onefirm.simulators.notion.moments import Dial
from onefirm.simulators.notion.objects import DataSource
from support.notion import client


def refusal(notion: Notion, method: str, path: str, **sent: Any) -> Any:
    headers = {"Authorization": f"Bearer {notion.token}", "Notion-Version": "2026-03-11", **sent.pop("headers", {})}
    kept = {key: value for key, value in headers.items() if value}
    answer = httpx.request(method, f"{notion.url}{path}", headers=kept, **sent)
    assert answer.headers["x-notion-request-id"] == answer.json()["request_id"]
    return answer.status_code, answer.json()["code"]


def test_the_door_says_what_is_wrong(notion: Notion) -> None:
    assert refusal(notion, "GET", "/v1/nothing") == (400, "invalid_request_url")
    assert refusal(notion, "DELETE", "/v1/users/me", headers={"Authorization": ""}) == (400, "invalid_request_url")
    assert refusal(notion, "GET", "/v1/users/me", headers={"Authorization": ""}) == (401, "unauthorized")
    assert refusal(notion, "GET", "/v1/users/me", headers={"Authorization": "Bearer no"}) == (401, "unauthorized")
    assert refusal(notion, "GET", "/v1/users/me", headers={"Notion-Version": ""}) == (400, "missing_version")
    assert refusal(notion, "GET", "/v1/users/me", headers={"Notion-Version": "2099-01-01"}) == (400, "missing_version")
    assert refusal(notion, "POST", "/v1/search", content=b"{") == (400, "invalid_json")


def test_a_body_that_is_too_large_is_refused_before_anything_else(notion: Notion) -> None:
    answer = httpx.post(f"{notion.url}/v1/search", content=b" " * 512_001)
    assert answer.status_code == answer.json()["code"] == 413
    assert answer.json()["name"] == "PayloadTooLargeError"
    assert answer.json()["isNotionError"] is False
    assert httpx.post(f"{notion.url}/v1/search", content=b" " * 512_000).status_code == 400


def test_a_database_is_a_table_in_the_oldest_version(notion: Notion) -> None:
    home = notion.phone.page("Home")
    with client(notion, "2022-06-28") as api:
        name = {"Name": {"title": {}}, "Value": {"number": {"format": "euro"}}}
        words = [{"text": {"content": "Old table"}}]
        body = {"parent": {"page_id": home.id}, "title": words, "properties": name}
        made = api.request("databases", "POST", body=body)
        assert set(made["properties"]) == {"Name", "Value"}
        own = {"Own": {"relation": {"database_id": made["id"], "single_property": {}}}}
        changed = api.request(f"databases/{made['id']}", "PATCH", body={"properties": own})
        assert changed["properties"]["Own"]["relation"]["database_id"] == made["id"]
        assert "data_source_id" not in changed["properties"]["Own"]["relation"]
        row = {"parent": {"database_id": made["id"]}, "properties": {"Value": {"number": 3}}}
        page = api.request("pages", "POST", body=row)
        assert api.request(f"pages/{page['id']}", "PATCH", body={"archived": True})["archived"] is True
        kept = {"property": "object", "value": "database"}
        assert [one["object"] for one in api.search(filter=kept)["results"]] == ["database"]


def test_what_is_not_shared_is_not_there(notion: Notion, api: Client, projects: DataSource) -> None:
    page = notion.phone.row(projects, {"Name": "X"})
    notion.phone.unshare(page.id, notion.token)
    with pytest.raises(APIResponseError, match="Could not find page with ID") as refused:
        api.pages.retrieve(page.id)
    assert refused.value.code == "object_not_found"
    assert api.data_sources.query(projects.id)["results"] == []
    assert [hit["object"] for hit in api.search(query="X")["results"]] == []
    notion.phone.unshare(projects.database, notion.token)
    with pytest.raises(APIResponseError, match="Could not find"):
        api.data_sources.query(projects.id)
    notion.phone.share(projects.database, notion.token)
    assert api.data_sources.retrieve(projects.id)["id"] == projects.id


def test_a_connection_may_do_only_what_it_was_given(notion: Notion, projects: DataSource) -> None:
    notion.workspace.connect("reader", "Reader", capabilities=frozenset(("read",)))
    reader = client(notion, token="reader")
    assert reader.data_sources.query(projects.id)["results"] == []
    with pytest.raises(APIResponseError, match="Insufficient permissions") as refused:
        reader.pages.create(parent={"data_source_id": projects.id}, properties={})
    assert refused.value.code == "restricted_resource"
    reader.close()


def test_a_revoked_token_is_worth_nothing(notion: Notion, api: Client) -> None:
    notion.phone.revoke(notion.token)
    with pytest.raises(APIResponseError, match="API token is invalid"):
        api.users.me()


def test_three_versions_have_three_models(notion: Notion, projects: DataSource) -> None:
    page = notion.phone.row(projects, {"Name": "X"})
    oldest, middle, newest = (client(notion, version) for version in ("2022-06-28", "2025-09-03", "2026-03-11"))
    assert "properties" in oldest.databases.retrieve(projects.database)
    found = oldest.request(f"databases/{projects.database}/query", "POST", body={})
    assert found["results"][0]["parent"] == {"type": "database_id", "database_id": projects.database}
    assert found["type"] == "page_or_database"
    with pytest.raises(APIResponseError, match="Invalid request URL"):
        oldest.data_sources.query(projects.id)
    assert middle.databases.retrieve(projects.database)["data_sources"] == [{"id": projects.id, "name": "Projects"}]
    assert middle.pages.update(page.id, archived=True)["archived"] is True
    with pytest.raises(APIResponseError, match=r"body\.archived should be not present"):
        newest.request(f"pages/{page.id}", "PATCH", body={"archived": False})
    assert "archived" not in newest.pages.update(page.id, in_trash=False)
    for one in (oldest, middle, newest):
        one.close()


def test_the_budget_of_a_window_is_spent_and_comes_back(notion: Notion, api: Client) -> None:
    assert isinstance(notion.clock, Dial)
    notion.clock.stop()
    notion.limits.per_connection = 2
    api.users.me()
    notion.clock.advance(seconds=50)
    api.users.me()
    with pytest.raises(APIResponseError) as refused:
        api.users.me()
    assert refused.value.code == "rate_limited"
    assert refused.value.headers["Retry-After"] == "10"
    assert refused.value.additional_data == {"rate_limit_reason": "connection_limit"}
    notion.clock.advance(seconds=10)
    api.users.me()
    assert notion.limits.refused == 1


def test_the_workspace_has_a_budget_of_its_own(notion: Notion, api: Client) -> None:
    assert isinstance(notion.clock, Dial)
    notion.clock.stop()
    notion.limits.per_workspace = 1
    notion.workspace.connect("other", "Other")
    other = client(notion, token="other")
    other.users.me()
    with pytest.raises(APIResponseError) as refused:
        api.users.me()
    assert int(refused.value.headers["Retry-After"]) > 60
    other.close()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("429", "rate_limited"),
        ("409", "conflict_error"),
        ("500", "internal_server_error"),
        ("503", "service_unavailable"),
        ("504", "gateway_timeout"),
    ],
)
def test_a_fault_happens_as_often_as_its_rule_says(
    notion: Notion, api: Client, projects: DataSource, kind: Any, code: str
) -> None:
    page = notion.phone.row(projects, {"Name": "X"})
    notion.faults.add(kind, "pages/", method="PATCH", times=2, after_times=1)
    api.pages.update(page.id, properties={"Value": {"number": 1}})
    for _ in range(2):
        with pytest.raises(APIResponseError) as refused:
            api.pages.update(page.id, properties={"Value": {"number": 2}})
        assert refused.value.code == code
        assert api.pages.retrieve(page.id)["properties"]["Value"]["number"] == 1
    api.pages.update(page.id, properties={"Value": {"number": 3}})
    assert [one[0] for one in notion.faults.struck] == [kind, kind]


@pytest.mark.parametrize(("kind", "status"), [("502", 502), ("529", 529)])
def test_some_faults_are_no_answers_that_the_client_knows(notion: Notion, api: Client, kind: Any, status: int) -> None:
    notion.faults.add(kind)
    with pytest.raises((UnknownHTTPResponseError, APIResponseError)) as refused:
        api.users.me()
    assert refused.value.status == status


def test_a_dropped_request_did_nothing_and_a_lost_answer_did_it_all(
    notion: Notion, api: Client, projects: DataSource
) -> None:
    sent: dict[str, Any] = {"parent": {"data_source_id": projects.id}, "properties": {}}
    notion.faults.add("drop", "pages$", method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        api.pages.create(**sent)
    assert len(projects.rows) == 0
    notion.faults.add("after", "pages$", method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        api.pages.create(**sent)
    assert len(projects.rows) == 1


def test_a_slow_answer_comes(notion: Notion, api: Client) -> None:
    notion.faults.add("slow", delay_s=0.05)
    began = time.monotonic()
    api.users.me()
    assert time.monotonic() - began >= 0.05


def test_what_is_slow_is_answered_at_once_when_the_faults_are_cleared(notion: Notion, api: Client) -> None:
    notion.faults.add("slow", delay_s=3600)
    with ThreadPoolExecutor() as others:
        answer, end = others.submit(api.users.me), time.monotonic() + 60
        while not notion.faults.struck:
            assert time.monotonic() < end
            time.sleep(0.001)
        notion.faults.clear()
        assert answer.result(60)


def test_a_share_of_requests_fails_the_same_way_each_time() -> None:
    def run() -> list[int]:
        with Notion(seed=7) as notion, client(notion) as api:
            notion.faults.add("500", share=0.3, times=None)
            return [_status(api) for _ in range(30)]

    assert run() == run()
    assert 3 <= run().count(500) <= 18


def _status(api: Client) -> int:
    try:
        api.users.me()
    except APIResponseError as refused:
        return refused.status
    return 200


def test_a_fault_that_does_not_exist_is_refused(notion: Notion) -> None:
    with pytest.raises(ValueError, match="no fault is called 'fire'"):
        notion.faults.add("fire")  # type: ignore[arg-type]


def test_many_clients_at_once_lose_nothing(notion: Notion, projects: DataSource) -> None:
    row = {"parent": {"data_source_id": projects.id}, "properties": {}}

    def write(times: int) -> list[str]:
        with client(notion) as api:
            return [api.pages.create(**row)["id"] for _ in range(times)]

    with ThreadPoolExecutor(8) as pool:
        made = [one for found in pool.map(write, [15] * 8) for one in found]
    assert len(set(made)) == 120
    assert set(made) == set(projects.rows)
    assert sorted(page.number for page in projects.rows.values()) == list(range(1, 121))


def test_a_long_run_keeps_only_its_last_exchanges(notion: Notion, api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "KEPT_MOST", 4)
    for _ in range(7):
        api.users.me()
    assert 2 <= len(notion.exchanges) <= 4
