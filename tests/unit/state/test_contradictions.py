"""What can't hold together: a record of one client at a project of another, an end before its beginning."""

import pytest

from contract.office import OPERATOR, Office
from onefirm.core.errors import InvalidInput, Refused
from onefirm.state import contradictions
from onefirm.state.records import Change
from onefirm.state.schema import Kind, Property, Schema


@pytest.fixture
def two(office: Office) -> Office:
    """Clients CL-1 and CL-2 with a project each, P-1 and P-2."""
    for title in ("Acme", "Bolt"):
        client = office.create("client", title=title)
        office.create("project", title=f"Site of {title}", client=client)
    return office


class TestTwoClients:
    def test_a_record_of_one_client_at_a_project_of_another_is_refused_with_both_and_the_way_out(
        self, two: Office
    ) -> None:
        with pytest.raises(Refused) as refused:
            two.create("task", title="Call", client="CL-1", project="P-2")
        assert refused.value.message == (
            "The task “Call” would belong to two clients:"
            " CL-1 “Acme” as its client and CL-2 “Bolt” through its project P-2."
        )
        assert refused.value.hint.startswith("Leave client out, or clear it: its project says it. Or name a project of")
        assert refused.value.hint.endswith("CL-1: record_find about=CL-1 (onefirm record find project --about CL-1).")

    @pytest.mark.parametrize("props", [{"project": "P-2"}, {"client": "CL-2"}, {"client": "CL-2", "project": "P-2"}])
    def test_what_agrees_is_written_and_nothing_is_invented(self, two: Office, props: dict[str, str]) -> None:
        answer = two.write(Change("create", kind="invoice", set={"title": "First half", **props}))[0]
        assert {name: answer.after[name] for name in ("client", "project") if name in answer.after} == props

    @pytest.mark.parametrize("change", [{"client": "CL-1"}, {"project": "P-1"}])
    def test_an_update_of_either_property_is_held_against_the_other(self, two: Office, change: dict[str, str]) -> None:
        ref = two.create("task", client="CL-2", project="P-2")
        with pytest.raises(Refused, match="two clients"):
            two.update(ref, **change)
        assert two.update(ref, client="CL-1", project="P-1").receipt == "written"
        assert two.update(ref, owner="Ann").receipt == "written"

    def test_the_nearest_client_counts_on_the_way_through_other_records(self, two: Office) -> None:
        deliverable = two.create("deliverable", project="P-2")
        with pytest.raises(Refused, match=f"CL-2 “Bolt” through its deliverable {deliverable}"):
            two.create("task", client="CL-1", deliverable=deliverable)
        with pytest.raises(
            Refused, match="CL-1 “Acme” through its project P-1 and CL-2 “Bolt” through its deliverable"
        ):
            two.create("task", project="P-1", deliverable=deliverable)
        with pytest.raises(Refused, match="two projects"):
            two.create("task", project=two.create("project", client="CL-2"), deliverable=deliverable)
        two.create("task", project="P-2", client="CL-2", deliverable=deliverable)

    def test_a_task_may_wait_for_one_of_another_client(self, two: Office) -> None:
        other = two.create("task", project="P-1")
        assert two.update(two.create("task", project="P-2"), blocked_by=[other]).receipt == "written"

    def test_a_project_takes_no_client_that_its_records_contradict(self, two: Office) -> None:
        own = two.create("task", title="Call", client="CL-2", project="P-2")
        two.create("task", title="Without a client of its own", project="P-2")
        deliverable = two.create("deliverable", project="P-2")
        far = two.create("task", client="CL-2", deliverable=deliverable)
        with pytest.raises(Refused, match=f"P-2 “Site of Bolt” would name another client: {own}, {far}"):
            two.update("P-2", client="CL-1")
        with pytest.raises(InvalidInput, match=f"would name another client: {far}"):
            two.write(
                Change("update", ref="P-2", set={"client": "CL-1"}), Change("update", ref=own, set={"client": None})
            )
        moved = [Change("update", ref=ref, set={"client": "CL-1"}) for ref in ("P-2", own, far)]
        assert {one.receipt for one in two.write(*moved)} == {"written"}

    def test_what_was_archived_keeps_no_project_and_comes_back_only_where_it_fits(self, two: Office) -> None:
        own = two.create("task", client="CL-2", project="P-2")
        two.write(Change("archive", ref=own))
        two.update("P-2", client="CL-1")
        with pytest.raises(Refused, match="two clients"):
            two.write(Change("restore", ref=own))

    def test_a_batch_is_held_against_what_it_leaves(self, two: Office) -> None:
        ref = two.create("task", project="P-2")
        with pytest.raises(InvalidInput, match=r"Change 1 .*another client(.|\n)*Change 2 .*two clients"):
            two.write(
                Change("update", ref="P-2", set={"client": "CL-1"}), Change("update", ref=ref, set={"client": "CL-2"})
            )
        two.write(
            Change("update", ref="P-2", set={"client": "CL-1"}), Change("update", ref=ref, set={"client": "CL-1"})
        )

    def test_an_undo_brings_no_contradiction_back(self, two: Office) -> None:
        ref = two.create("task", client="CL-1")
        change = two.update(ref, client=None)
        two.update(ref, project="P-2")
        with pytest.raises(Refused, match="two clients"):
            two.records.undo(change.event_id, OPERATOR)

    def test_what_waits_for_the_truth_counts(self, remote: Office) -> None:
        first, second = remote.create("client"), remote.create("client")
        remote.slow.down = True
        project = remote.create("project", client=first)
        with pytest.raises(Refused, match="two clients"):
            remote.create("task", client=second, project=project)
        assert remote.create("task", client=first, project=project)

    def test_what_the_truth_says_is_taken_over_and_told(self, remote: Office) -> None:
        first, second = remote.create("client"), remote.create("client")
        project = remote.create("project", client=first, starts_on="2026-11-02")
        task = remote.create("task", client=first, project=project)
        remote.slow.edit(project, client=second, due="2026-11-01")
        remote.clock.advance(hours=1)
        assert remote.records.sync().pulled
        told = {line.ref: line for line in remote.records.standing(remote.clock.now())}
        assert f"it names two clients: {first} itself and {second} by its project" in told[task].because
        assert "due 2026-11-01 is before starts_on 2026-11-02" in told[project].because
        assert remote.update(task, owner="Ann").receipt == "written"


class TestArchiving:
    def test_a_record_with_open_ones_is_not_archived_without_them(self, two: Office) -> None:
        task = two.create("task", title="Call", client="CL-1")
        with pytest.raises(Refused) as refused:
            two.write(Change("archive", ref="CL-1"))
        assert refused.value.message == (
            "CL-1 “Acme” can't be archived while what belongs to it is open:"
            f" P-1 “Site of Acme” (discovery), {task} “Call” (todo)."
        )
        assert f"onefirm record archive CL-1 P-1 {task}" in refused.value.hint
        two.update(task, status="done")
        assert len(two.write(Change("archive", ref="CL-1"), Change("archive", ref="P-1"))) == 2

    def test_what_is_done_archived_or_only_waits_for_it_keeps_nothing(self, two: Office) -> None:
        blocker = two.create("task", project="P-1")
        two.create("task", blocked_by=[blocker])
        two.write(Change("archive", ref=blocker))
        two.create("task", project="P-1", status="done")
        two.write(Change("archive", ref="P-1"))
        two.create("contact", client="CL-1")
        two.write(Change("archive", ref="CL-1"))

    def test_a_creation_that_is_used_is_not_taken_back(self, two: Office) -> None:
        created = two.events("record.created", ref="P-1")[0]
        task = two.create("task", project="P-1")
        with pytest.raises(Refused, match=f"P-1 .*is open: {task}"):
            two.records.undo(created.id, OPERATOR)


class TestDates:
    @pytest.mark.parametrize(
        ("kind", "early", "late"),
        [("project", "starts_on", "due"), ("contract", "starts_on", "ends_on"), ("invoice", "issued_on", "due"),
         ("proposal", "sent_on", "valid_until")],
    )  # fmt: skip
    def test_an_end_before_its_beginning_is_refused(self, office: Office, kind: str, early: str, late: str) -> None:
        with pytest.raises(Refused, match=f"“A {kind}” would have {late} 2026-11-30 before its {early} 2026-12-01"):
            office.create(kind, OPERATOR, **{early: "2026-12-01", late: "2026-11-30"})
        ref = office.create(kind, OPERATOR, **{early: "2026-12-01", late: "2026-12-01"})
        with pytest.raises(Refused, match=f"{ref} .*before its {early}"):
            office.update(ref, OPERATOR, **{early: "2026-12-02"})
        assert office.update(ref, OPERATOR, **{early: "2027-01-01", late: "2027-02-01"}).receipt == "written"
        assert office.update(ref, OPERATOR, **{early: None}).receipt == "written"


class TestAmounts:
    @pytest.mark.parametrize(
        ("kind", "name"),
        [("invoice", "amount"), ("contract", "amount"), ("proposal", "amount"), ("payment", "amount"),
         ("project", "budget"), ("prospect", "value")],
    )  # fmt: skip
    def test_an_amount_below_nothing_is_refused(self, office: Office, kind: str, name: str) -> None:
        with pytest.raises(InvalidInput, match=f"{name} is at least 0, and -5.00 EUR is less.*a status"):
            office.create(kind, OPERATOR, **{name: "-5 EUR"})
        assert office.create(kind, OPERATOR, **{name: "0 EUR"})


def test_records_that_point_at_each_other_in_a_circle_are_looked_at_once() -> None:
    def kind(name: str, prefix: str, to: str) -> Kind:
        lead = Property("lead", "relation", to=to, same=("client",))
        return Kind(name, prefix, name, "", {"client": Property("client", "relation", to="client"), "lead": lead}, {})

    schema = Schema(1, {"tour": kind("tour", "TO", "stop"), "stop": kind("stop", "ST", "tour")})
    around = {"TO-1": {"lead": "ST-1"}, "ST-1": {"lead": "TO-1"}}
    found = contradictions.named(schema, schema.kinds["tour"], {"lead": "ST-1", "client": "CL-1"}, "client", around.get)
    assert found == {"CL-1": "client"}
