"""State through the tools, over real stdio: what an operator who only talks to Claude can rely on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from onefirm.sessions import identity, receipts
from onefirm.workspace import Wishes
from support.firms import new_firm
from support.over_mcp import Firm, Refusal, connected

RECORDS: dict[str, dict[str, Any]] = {
    "client": {"title": "Acme Rockets", "owner": "Ann", "since": "2024-03-01", "email": "office@acme.example"},
    "contact": {"title": "Marek Holt", "role": "range officer", "phone": "+49 30 0000000"},
    "prospect": {"title": "Dune Couriers", "owner": "Ann", "value": "8000.00 EUR", "follow_up": "2027-01-10",
                 "priority": "high"},
    "proposal": {"title": "Route planner", "owner": "Ann", "amount": "8000.00 EUR", "valid_until": "2027-02-01"},
    "contract": {"title": "Launch site contract", "owner": "Ann", "amount": "12500.00 EUR", "starts_on": "2026-12-01"},
    "project": {"title": "Launch site", "owner": "Ann", "due": "2027-03-01", "priority": "urgent",
                "budget": "12500.00 EUR"},
    "deliverable": {"title": "Booking path", "owner": "Ann", "due": "2027-02-01", "priority": "normal"},
    "task": {"title": "Call Marek", "owner": "Ann", "due": "2026-12-01", "priority": "low", "waiting_on": "the range"},
    "invoice": {"title": "First third", "amount": "4166.67 EUR", "issued_on": "2026-12-01", "due": "2026-12-15"},
    "payment": {"title": "First third, paid", "amount": "4166.67 EUR", "received_on": "2026-12-10",
                "method": "transfer"},
    "content": {"title": "How we test stands", "owner": "Ann", "due": "2027-01-15", "channel": "newsletter"},
}  # fmt: skip
FIRST = {
    "client": "active", "contact": "active", "prospect": "lead", "proposal": "draft", "contract": "draft",
    "project": "discovery", "deliverable": "planned", "task": "todo", "invoice": "draft", "payment": "expected",
    "content": "idea",
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("firm")
    new_firm(folder, Wishes(firm="Ann Consulting", timezone="Europe/Berlin"))
    return folder


@pytest.fixture(scope="module")
def firm(root: Path) -> Iterator[Firm]:
    with connected(root) as firm:
        yield firm


@pytest.mark.row("STA-01")
@pytest.mark.parametrize("kind", RECORDS)
def test_every_kind_of_record_keeps_its_status_dates_priority_owner_and_amounts(firm: Firm, kind: str) -> None:
    ref = firm.create(kind, **RECORDS[kind])
    record = firm.get(ref)
    assert record["kind"] == kind
    assert record["status"] == FIRST[kind]
    assert {name: record[name] for name in RECORDS[kind]} == RECORDS[kind]
    assert ref in {row["ref"] for row in firm.rows("record_find", kind=kind)}


@pytest.mark.row("STA-01")
def test_records_point_at_each_other_and_are_found_by_it(firm: Firm) -> None:
    client = firm.create("client", title="Borealis Studio")
    project = firm.create("project", title="Showreel", client=client)
    blocker = firm.create("task", title="Get the footage", project=project)
    task = firm.create("task", title="Cut the reel", project=project, blocked_by=[blocker])
    assert [row["ref"] for row in firm.rows("record_find", about=client)] == [project]
    assert {row["ref"] for row in firm.rows("record_find", kind="task", about=project)} == {blocker, task}
    assert firm.get(task)["blocked_by"] == [blocker]


@pytest.mark.row("STA-01")
def test_records_are_found_by_what_they_hold(firm: Firm) -> None:
    early = firm.create("task", title="Filter probe one", due="2026-12-01", owner="Filter")
    late = firm.create("task", title="Filter probe two", due="2027-12-01", owner="Filter")

    def found(**where: Any) -> list[str]:
        return [row["ref"] for row in firm.rows("record_find", kind="task", where={"owner": "Filter", **where})]

    assert found() == [early, late]
    assert found(**{"due<": "2027-01-01"}) == [early]
    assert found(status=["doing", "todo"]) == [early, late]
    firm.update(early, status="done")
    assert found(open=True) == [late]
    assert [row["ref"] for row in firm.rows("record_find", text="filter probe")] == [early, late]


@pytest.mark.row("STA-01")
def test_a_long_list_is_read_page_by_page_without_a_gap(firm: Firm) -> None:
    changes = [
        {"op": "create", "kind": "content", "set": {"title": f"Letter {n}", "channel": "pages"}} for n in range(60)
    ]
    made = {row["ref"] for row in firm.rows("record_write", changes=changes)}
    found: list[str] = []
    asked: dict[str, Any] = {"kind": "content", "where": {"channel": "pages"}}
    while True:
        answer = firm.call("record_find", **asked)
        found += [row[0] for row in answer["rows"]]
        if "cursor" not in answer:
            break
        assert answer["total"] == 60
        asked["cursor"] = answer["cursor"]
    assert len(found) == 60
    assert set(found) == made


@pytest.mark.row("STA-06")
def test_a_write_is_answered_with_its_receipt_and_what_stands_now(firm: Firm) -> None:
    ref = firm.create("task", title="Send the draft")
    written = firm.update(ref, status="doing")
    assert (written["receipt"], written["status"]) == ("written", "doing")
    record = firm.get(ref)
    assert (record["status"], record["etag"]) == ("doing", written["etag"])


@pytest.mark.row("STA-06")
def test_a_write_on_an_old_etag_is_refused_with_the_current_values(root: Path, firm: Firm) -> None:
    ref = firm.create("task", title="Book the hangar")
    seen = firm.get(ref)["etag"]
    with connected(root, "client-2") as other:
        other.update(ref, status="doing", owner="Ben")
    change = {"op": "update", "ref": ref, "set": {"owner": "Ann"}, "if_match": seen}
    with pytest.raises(Refusal) as refused:
        firm.call("record_write", changes=[change])
    for told in (ref, "moved", '"doing"', "Ben", "Nothing was written"):
        assert told in str(refused.value)
    assert firm.get(ref)["owner"] == "Ben"


@pytest.mark.row("STA-06")
def test_an_illegal_move_is_refused_with_the_legal_ones(firm: Firm) -> None:
    ref = firm.create("project", title="Test stand")
    with pytest.raises(Refusal, match=r"Legal moves from discovery: delivery, on_hold, cancelled"):
        firm.update(ref, status="done")
    assert firm.get(ref)["status"] == "discovery"


@pytest.mark.row("STA-06")
def test_several_changes_are_written_all_or_none(firm: Firm) -> None:
    ref = firm.create("task", title="Order the pump")
    changes = [
        {"op": "update", "ref": ref, "set": {"status": "doing"}},
        {"op": "create", "kind": "task", "set": {"title": "Never made", "due": "the 12th"}},
    ]
    with pytest.raises(Refusal, match="the 12th"):
        firm.call("record_write", changes=changes)
    assert firm.get(ref)["status"] == "todo"
    assert firm.rows("record_find", text="Never made") == []


@pytest.mark.row("STA-06")
def test_the_same_key_writes_once(firm: Firm) -> None:
    change = {"op": "create", "kind": "task", "set": {"title": "Only once"}}
    first = firm.row("record_write", changes=[change], key="only-once")
    again = firm.row("record_write", changes=[change], key="only-once")
    assert again["ref"] == first["ref"]
    assert again["repeated"] is True
    assert len(firm.rows("record_find", text="Only once")) == 1


@pytest.mark.row("STA-06")
def test_two_servers_write_one_workspace_at_once_and_lose_nothing(root: Path) -> None:
    def work(session: str) -> list[str]:
        with connected(root, session) as firm:
            return [firm.create("task", title=f"{session} {number}", owner="Both") for number in range(10)]

    with ThreadPoolExecutor(2) as pool:
        one, two = (future.result(120) for future in [pool.submit(work, "client-3"), pool.submit(work, "client-4")])
    assert len({*one, *two}) == 20
    with connected(root) as firm:
        found = firm.rows("record_find", kind="task", where={"owner": "Both"}, limit=50)
    assert {row["ref"] for row in found} == {*one, *two}


@pytest.mark.row("STA-10")
def test_a_record_tells_what_happened_to_it_and_why(firm: Firm) -> None:
    ref = firm.create("task", title="Fuel contract")
    change = {"op": "update", "ref": ref, "set": {"status": "waiting", "waiting_on": "the supplier"}}
    firm.call("record_write", changes=[change], reason="they asked for a week")
    newest, oldest = firm.rows("record_get", refs=[ref], timeline=True)
    assert "status from todo to waiting" in newest["what"]
    assert "because: they asked for a week" in newest["what"]
    assert "created task" in oldest["what"]
    assert newest["at"] > oldest["at"]


@pytest.mark.row("STA-10")
def test_a_record_is_read_as_it_was_at_a_past_moment(firm: Firm) -> None:
    ref = firm.create("task", title="Paint the tower", owner="Ann")
    firm.update(ref, owner="Ben", title="Paint the launch tower")
    made = firm.rows("record_get", refs=[ref], timeline=True)[-1]["at"]
    past = firm.call("record_get", refs=[ref], as_of=made)
    then = dict(zip(past["columns"], past["rows"][0], strict=True))
    assert (then["owner"], then["title"]) == ("Ann", "Paint the tower")
    assert "gives no receipt" in past["hint"]
    assert firm.get(ref)["owner"] == "Ben"
    with pytest.raises(Refusal, match="did not exist"):
        firm.call("record_get", refs=[ref], as_of="2020-01-01")


@pytest.mark.row("STA-10")
def test_the_timeline_can_be_followed_back_in_parts(firm: Firm) -> None:
    ref = firm.create("task", title="Busy task")
    for number in range(30):
        firm.update(ref, waiting_on=f"answer {number}")
    answer = firm.call("record_get", refs=[ref], timeline=True)
    assert len(answer["rows"]) == 25
    before = answer["hint"].rpartition("as_of ")[2].rstrip(".")
    earlier = firm.rows("record_get", refs=[ref], timeline=True, as_of=before)
    assert "created task" in earlier[-1]["what"]
    assert len(earlier) == 31 - 25 + 1  # the entry at that very moment stands in both parts


@pytest.mark.row("STA-11")
@pytest.mark.parametrize("by_event", [True, False], ids=["by its event", "by the ref"])
def test_a_change_is_taken_back(firm: Firm, by_event: bool) -> None:
    ref = firm.create("task", title="Clean the pad", owner="Ann")
    event = firm.update(ref, owner="Ben", status="doing")["event"]
    undone = firm.row("record_undo", target=event if by_event else ref, reason="the wrong task")
    assert undone["status"] == "todo"
    record = firm.get(ref)
    assert (record["owner"], record["status"]) == ("Ann", "todo")
    newest = firm.rows("record_get", refs=[ref], timeline=True)[0]["what"]
    assert "because: the wrong task" in newest


@pytest.mark.row("STA-06")
def test_an_update_is_answered_with_the_values_it_left(firm: Firm) -> None:
    ref = firm.create("task", title="Call the printer", due="2026-12-01")
    change = {"op": "update", "ref": ref, "set": {"due": None, "owner": "Ann", "status": "doing"}}
    [row] = firm.rows("record_write", changes=[change])
    assert (row["set"], row["status"]) == ({"owner": "Ann", "due": None}, "doing")
    undone = firm.call("record_undo", target=row["event"])
    assert "brings the change back" in undone["hint"]


@pytest.mark.row("STA-10")
def test_what_is_archived_is_listed_and_restored(firm: Firm) -> None:
    ref = firm.create("content", title="An old idea")
    named = {"kind": "content", "text": "An old idea"}
    firm.rows("record_write", changes=[{"op": "archive", "ref": ref}])
    assert ref not in {row["ref"] for row in firm.rows("record_find", **named)}
    assert ref in {row["ref"] for row in firm.rows("record_find", **named, where={"archived": True})}
    with pytest.raises(Refusal, match="Restore it first: record_write op=restore"):
        firm.update(ref, owner="Ann")
    firm.rows("record_write", changes=[{"op": "restore", "ref": ref}])
    assert ref in {row["ref"] for row in firm.rows("record_find", **named)}


@pytest.mark.row("STA-11")
def test_archiving_and_creating_are_taken_back_too(firm: Firm) -> None:
    ref = firm.create("task", title="Order flags")
    archived = firm.row("record_write", changes=[{"op": "archive", "ref": ref}])
    assert firm.rows("record_find", text="Order flags") == []
    firm.call("record_undo", target=archived["event"])
    assert [row["ref"] for row in firm.rows("record_find", text="Order flags")] == [ref]
    made = firm.rows("record_get", refs=[ref], timeline=True)[-1]["event"]
    firm.call("record_undo", target=made)
    assert firm.rows("record_find", text="Order flags") == []


@pytest.mark.row("STA-11")
def test_undo_is_refused_where_the_value_has_moved_since(firm: Firm) -> None:
    ref = firm.create("task", title="Weigh the payload", owner="Ann")
    event = firm.update(ref, owner="Ben")["event"]
    firm.update(ref, owner="Cleo")
    with pytest.raises(Refusal, match="owner"):
        firm.call("record_undo", target=event)
    assert firm.get(ref)["owner"] == "Cleo"


@pytest.mark.row("STA-06")
def test_a_look_that_ends_in_an_error_leaves_no_receipt(firm: Firm, root: Path) -> None:
    ref = firm.create("task", title="Never shown")
    other = Firm(firm._ask, "client-that-only-looked")
    with pytest.raises(Refusal):
        other.call("record_get", refs=[ref, "T-9999"])
    session = identity.of_client(str(root), "client-that-only-looked")
    assert ref not in receipts.all(str(root), session)


@pytest.mark.row("STA-06")
def test_a_refusal_is_short_however_much_was_wrong(firm: Firm) -> None:
    ref = firm.create("task", title="Wrong")
    with pytest.raises(Refusal) as refused:
        firm.update(ref, **{f"nonsense_{n}": "x" for n in range(2_000)})
    assert len(str(refused.value)) < 3_200


@pytest.mark.row("STA-01")
def test_a_record_of_two_clients_is_refused_also_within_one_write(firm: Firm) -> None:
    ours, theirs = firm.create("client", title="Elm"), firm.create("client", title="Fir")
    project = firm.create("project", title="Garden", client=theirs)
    with pytest.raises(
        Refusal, match=rf"two clients: {ours} “Elm” as its client and {theirs} “Fir” through its project"
    ):
        firm.create("invoice", title="Half", client=ours, project=project)
    invoice = firm.create("invoice", title="Half", client=theirs, project=project)
    moves = [{"op": "update", "ref": ref, "set": {"client": ours}} for ref in (project, invoice)]
    with pytest.raises(Refusal, match=f"would name another client: {invoice}"):
        firm.call("record_write", changes=moves[:1])
    assert [row["status"] for row in firm.rows("record_write", changes=moves)] == ["discovery", "draft"]


@pytest.mark.row("STA-01")
def test_a_name_where_a_ref_is_due_is_told_the_records_called_so(firm: Firm) -> None:
    client = firm.create("client", title="Gorse & Sons")
    with pytest.raises(Refusal, match=f"“Gorse” is not a ref. Called so: {client} “Gorse & Sons”. Send the ref"):
        firm.get("Gorse")
    changes = [
        {"op": "create", "kind": kind, "set": {"title": "Visit", "client": "Gorse & Sons"}}
        for kind in ("task", "invoice")
    ]
    with pytest.raises(
        Refusal, match=rf"Change 1 \(task\): client: “Gorse & Sons” is not a ref(.|\n)*Called so: {client}"
    ):
        firm.call("record_write", changes=changes)
