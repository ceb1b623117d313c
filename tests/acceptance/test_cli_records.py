"""State through the command line."""

import itertools
import re
import shlex

import pytest

from onefirm.cli import reference
from onefirm.demo import story
from support.terminal import Terminal

KINDS = {
    "client": "CL", "contact": "CN", "prospect": "PR", "proposal": "PP", "contract": "CT", "project": "P",
    "deliverable": "DL", "task": "T", "invoice": "INV", "payment": "PAY", "content": "CP",
}  # fmt: skip


@pytest.mark.row("STA-01")
@pytest.mark.parametrize("kind", KINDS)
def test_a_record_of_every_kind_is_made_found_and_read(onefirm: Terminal, kind: str) -> None:
    (made,) = onefirm.data("record", "create", kind, "title=A thing of its own")
    assert made["ref"].startswith(f"{KINDS[kind]}-")
    found = onefirm.data("record", "find", kind, "--text", "thing of its own")
    assert [row["ref"] for row in found["rows"]] == [made["ref"]]
    read = onefirm.data("record", "get", made["ref"].lower())
    assert read["props"]["title"] == "A thing of its own"
    assert read["props"]["status"] == made["status"]


@pytest.mark.row("STA-01")
def test_the_demo_firm_has_a_whole_firms_records(shared: Terminal) -> None:
    totals = {kind: shared.data("record", "find", kind, "--archived", "--limit", "1")["total"] for kind in KINDS}
    assert totals["client"] == 4
    assert totals["project"] == 9
    assert totals["task"] >= 55
    assert min(totals.values()) >= 4


@pytest.mark.row("STA-01")
def test_conditions_are_met_by_every_row(shared: Terminal) -> None:
    rows = shared.data("record", "find", "task", "status=doing", "status=waiting", "priority!=low")["rows"]
    assert rows
    assert {row["status"] for row in rows} <= {"doing", "waiting"}
    assert "low" not in {row["props"]["priority"] for row in rows}
    soon = shared.data("record", "find", "task", "due<2000-01-01")
    assert soon == {"rows": [], "cursor": None, "total": 0}


@pytest.mark.row("STA-01")
def test_pages_join_to_the_whole_list(shared: Terminal) -> None:
    whole = [row["ref"] for row in shared.data("record", "find", "task", "--limit", "500")["rows"]]
    refs: list[str] = []
    cursor: list[str] = []
    while True:
        page = shared.data("record", "find", "task", "--limit", "20", *cursor)
        refs += [row["ref"] for row in page["rows"]]
        if page["cursor"] is None:
            break
        cursor = ["--cursor", page["cursor"]]
    assert refs == whole


@pytest.mark.row("STA-06")
def test_a_stale_write_is_refused_with_the_value_of_now(onefirm: Terminal) -> None:
    etag = onefirm.data("record", "get", "P-1")["etag"]
    onefirm.done("record", "update", "P-1", "status=review")
    stale = onefirm("record", "update", "P-1", "status=on_hold", "--if-match", etag)
    assert stale.code == 1
    assert "review" in stale.err
    assert onefirm.data("record", "get", "P-1")["status"] == "review"


@pytest.mark.row("STA-06")
def test_an_illegal_move_is_refused_with_the_legal_ones(onefirm: Terminal) -> None:
    refused = onefirm("record", "update", "P-1", "status=done")
    assert refused.code == 1
    assert "review" in refused.err
    assert "on_hold" in refused.err


@pytest.mark.row("STA-10")
def test_a_record_tells_its_past_and_can_be_read_as_it_was(onefirm: Terminal) -> None:
    before = onefirm.data("record", "get", "P-1")
    onefirm.done("record", "update", "P-1", "status=review", "--why", "Jana watches first")
    newest = onefirm.data("record", "timeline", "P-1")[-1]
    assert newest["reason"] == "Jana watches first"
    assert (newest["payload"]["before"]["status"], newest["payload"]["after"]["status"]) == ("delivery", "review")
    then = onefirm.data("record", "get", "P-1", "--as-of", before["updated_at"])
    assert then["status"] == "delivery"
    first = onefirm.done("record", "timeline", "P-1").out.splitlines()[0]
    assert "created project P-1 “Launch site”" in first


@pytest.mark.row("STA-11")
def test_a_change_is_taken_back_and_the_ledger_keeps_both(onefirm: Terminal) -> None:
    onefirm.done("record", "update", "P-1", "status=review")
    onefirm.done("record", "undo", "P-1", "--why", "too early")
    assert onefirm.data("record", "get", "P-1")["status"] == "delivery"
    changed, undone = onefirm.data("record", "timeline", "P-1")[-2:]
    assert undone["payload"]["undo_of"] == changed["id"]


@pytest.mark.row("STA-11")
def test_undo_is_refused_where_the_value_has_moved_since(onefirm: Terminal) -> None:
    event = onefirm.data("record", "update", "P-1", "due=2027-01-01")[0]["event_id"]
    onefirm.done("record", "update", "P-1", "due=2027-02-02")
    refused = onefirm("record", "undo", event)
    assert refused.code == 1
    assert "2027-02-02" in refused.err
    assert onefirm.data("record", "get", "P-1")["props"]["due"] == "2027-02-02"


@pytest.mark.row("STA-11")
def test_what_is_archived_leaves_every_list_and_comes_back(onefirm: Terminal) -> None:
    onefirm.done("record", "archive", "T-1", "T-2")
    listed = {row["ref"] for row in onefirm.data("record", "find", "task", "--limit", "500")["rows"]}
    assert not {"T-1", "T-2"} & listed
    onefirm.done("record", "restore", "T-1")
    listed = {row["ref"] for row in onefirm.data("record", "find", "task", "--limit", "500")["rows"]}
    assert "T-1" in listed


BAD = {
    "a wrong ref": ("record", "get", "12-P"),
    "a ref that isn't there": ("record", "get", "P-999"),
    "a path for a ref": ("record", "get", "../../etc/passwd"),
    "an unknown kind": ("record", "create", "spaceship", "title=x"),
    "an unknown property": ("record", "update", "P-1", "colour=red"),
    "an unknown status": ("record", "update", "P-1", "status=flying"),
    "a date that is none": ("record", "update", "P-1", "due=next Tuesday"),
    "an amount that is none": ("record", "update", "P-1", "budget=a lot"),
    "a relation to nothing": ("record", "update", "T-1", "project=P-999"),
    "a relation to another kind": ("record", "update", "T-1", "project=T-2"),
    "a megabyte": ("record", "update", "P-1", "next_action=" + "x" * 1_000_000),
    "control characters": ("record", "update", "P-1", "next_action=a\x00b\x1b[2J"),
    "a password": ("record", "create", "task", "title=password: hunter2-museum"),
    "a bank account": ("record", "update", "P-1", "next_action=pay to DE89 3704 0044 0532 0130 00"),
    "no value": ("record", "update", "P-1", "status"),
    "a cursor of nobody": ("record", "find", "--cursor", "zzz"),
    "a moment that is none": ("record", "get", "P-1", "--as-of", "yesterday"),
    "a conflict that isn't there": ("record", "resolve", "I-9", "--keep", "mine"),
    "an event that isn't there": ("record", "undo", "0190c8f2-0000-7000-8000-000000000000"),
}


@pytest.mark.row("STA-06")
def test_undoing_a_decision_or_a_lesson_says_what_is_done_instead(shared: Terminal) -> None:
    decision, lesson = shared("record", "undo", "DEC-2"), shared("record", "undo", "l-1")
    assert (decision.code, lesson.code) == (1, 1)
    assert "DEC-2 is a decision: it is superseded, never undone." in decision.err
    assert "onefirm decision record WHAT --why WHY --supersedes DEC-2" in decision.err
    assert "L-1 is a lesson: it is retired, never undone." in lesson.err
    assert "onefirm lesson decide L-1 retire" in lesson.err
    for ref, said in (("DEC-99", "There is no decision DEC-99."), ("L-99", "There is no lesson L-99.")):
        unknown = shared("record", "undo", ref)
        assert (unknown.code, said in unknown.err) == (1, True)


@pytest.mark.row("STA-11")
def test_undo_twice_is_no_redo(onefirm: Terminal) -> None:
    onefirm.done("record", "update", "P-1", "status=review")
    undo = onefirm.data("record", "undo", "P-1")[0]["event_id"]
    again = onefirm("record", "undo", "P-1")
    assert again.code == 1
    assert "The last change of P-1 was taken back already, by operator" in again.err
    assert f"To bring it back: `onefirm record undo {undo}`" in again.err
    assert onefirm.data("record", "get", "P-1")["status"] == "delivery"
    onefirm.done("record", "undo", undo)
    assert onefirm.data("record", "get", "P-1")["status"] == "review"


@pytest.mark.row("STA-06")
@pytest.mark.parametrize("words", BAD.values(), ids=BAD)
def test_bad_input_gets_a_sentence_with_the_next_step_and_changes_nothing(
    shared: Terminal, words: tuple[str, ...]
) -> None:
    before = shared.data("ledger", "verify")["heads"]
    refused = shared(*words)
    assert refused.code == 1
    assert refused.out == ""
    first, _, hint = refused.err.partition("\n")
    assert first.startswith("onefirm: ")
    assert hint.startswith("  → ")
    assert len(refused.err) < 2_000
    assert shared.data("ledger", "verify")["heads"] == before


@pytest.mark.row("STA-06")
def test_all_mistakes_are_told_at_once(onefirm: Terminal) -> None:
    refused = onefirm("record", "update", "P-1", "colour=red", "due=soon", "status=flying")
    assert all(word in refused.err for word in ("colour", "soon", "flying"))


@pytest.mark.row("STA-01")
def test_the_story_of_the_demo_firm_names_nothing_that_it_did_not_make() -> None:
    from datetime import date

    happenings = story.read(date(2026, 11, 21), "Europe/Berlin")
    made: set[str] = set()
    for one in happenings:
        if one.do in ("create", "decision", "lesson"):
            assert one.id not in made
            made.add(one.id)
        assert one.id in made
    texts = itertools.chain.from_iterable(story.named(text) for _, text in story.context())
    assert set(texts) <= made


@pytest.mark.row("STA-01")
def test_a_write_says_from_which_value_to_which(onefirm: Terminal) -> None:
    made = onefirm.done("record", "create", "task", "title=Ring the bell", "project=P-1").out
    ref = made.split()[0]
    assert made == f"{ref} Ring the bell: status todo; project P-1; priority normal\n"
    said = onefirm.done("record", "update", ref, "status=doing", "owner=Ana", "priority=").out
    assert said == f"{ref} Ring the bell: status todo → doing; owner nothing → Ana; priority normal → nothing\n"
    assert onefirm.done("record", "update", ref, "owner=Ana").out == (
        f"{ref} Ring the bell: it is doing (it was so already)\n"
    )
    assert "owner Ana → nothing" in onefirm.done("record", "undo", ref).out
    assert onefirm.done("record", "archive", ref).out == f"{ref} Ring the bell: archived\n"
    assert onefirm.done("record", "restore", ref).out == f"{ref} Ring the bell: restored\n"
    money = onefirm.done("record", "update", "P-1", "budget=100 EUR").out
    assert "budget 24000.00 EUR → 100.00 EUR" in money


@pytest.mark.row("STA-01")
def test_the_kinds_are_listed_with_their_statuses_and_properties(shared: Terminal) -> None:
    told = shared.done("record", "kinds").out
    known = shared.data("record", "kinds")
    assert set(known) == set(KINDS)
    for name, kind in known.items():
        assert f"{name} ({kind['prefix']}-1)" in told
        for word in (*kind["statuses"], *kind["properties"]):
            assert word in told
    one = shared.done("record", "kinds", "invoice").out
    assert "it is final" in one
    assert "1250.00 EUR" in one
    assert "Known kinds" in shared("record", "kinds", "spaceship").err


@pytest.mark.row("OPS-02")
def test_every_ref_in_an_example_of_the_help_is_there_in_the_demo_firm(shared: Terminal) -> None:
    helps = [context.get_help().partition("Examples:\n")[2] for context in reference.commands()]
    refs = {ref for text in helps for ref in re.findall(r"\b[A-Z]{1,4}-[1-9][0-9]*\b", text)}
    assert len(refs) > 8
    # a demo firm has no question open, and keeps no artifact, source or fact
    there = sorted(ref for ref in refs if ref.partition("-")[0] not in ("I", "ART", "SRC", "F"))
    assert [ref for ref in there if shared("ledger", "trace", ref).code] == []


@pytest.mark.row("OPS-02")
@pytest.mark.parametrize(
    "example",
    [
        'record update T-41 status=done --why "sent on Friday"',
        "record update T-41 blocked_by=T-40 blocked_by=T-52",
        'record archive T-3 --why "part of T-2 now"',
        "lesson decide L-2 harden",
        'lesson record --again L-2 --why "it held at Heron" --about PR-4',
        'decision record "No portal" --why "nobody asked for one" --about P-1',
        'decision record "Booking path first" --why "four of five gave up" --supersedes DEC-3',
    ],
)
def test_an_example_that_changes_something_does_so_in_the_demo_firm(onefirm: Terminal, example: str) -> None:
    assert any(shlex.split(example)[-1] in context.get_help() for context in reference.commands())
    onefirm.done(*shlex.split(example))


@pytest.mark.row("STA-01")
def test_a_list_of_invoices_shows_what_they_amount_to_and_whose_they_are(onefirm: Terminal) -> None:
    listed = onefirm.done("record", "find", "invoice").out
    assert re.search(r"\d+\.\d\d EUR +CL-\d", listed)
    assert "owner" not in listed.splitlines()[0]


@pytest.mark.row("STA-01")
def test_a_list_of_tasks_shows_their_project_and_no_column_that_is_empty(onefirm: Terminal) -> None:
    assert onefirm.done("record", "find", "task").out.splitlines()[0].split() == [
        "ref", "status", "title", "due", "project", "owner",
    ]  # fmt: skip
    onefirm.done("record", "create", "task", "title=Call the desk", "client=CL-1")
    (head, row) = onefirm.done("record", "find", "task", "--text", "Call the desk").out.splitlines()
    assert head.split() == ["ref", "status", "title", "due", "client"]
    assert row.split()[-1] == "CL-1"


@pytest.mark.row("STA-01")
def test_a_record_in_the_terminal_names_its_artifacts_its_file_and_what_is_open_about_it(onefirm: Terminal) -> None:
    (onefirm.root / "offer.md").write_text("An offer.")
    onefirm.done("artifact", "add", "offer.md", "--about", "P-1")
    (told,) = re.findall(
        r"^artifacts: .*\nfile: .*\nopen about it: .*$", onefirm.done("record", "get", "P-1").out, re.M
    )
    artifacts, file, around = (line.split(": ", 1)[1] for line in told.splitlines())
    assert re.search(r"ART-\d+ offer\.md", artifacts)
    assert file == "context/clients/acme-rockets/launch-site/CLAUDE.md"
    open_ones = onefirm.data("record", "find", "--about", "P-1", "--open")
    assert re.findall(r"(?:^|; )([A-Z]+-\d+) ", around) == [row["ref"] for row in open_ones["rows"][:5]]
    assert around.endswith(f" and {open_ones['total'] - 5} more")
    assert "open about it" not in onefirm.done("record", "get", "P-1", "--as-of", "2026-11-01").out


@pytest.mark.row("STA-11")
def test_an_undo_says_what_is_archived_by_it_and_how_to_bring_it_back(onefirm: Terminal) -> None:
    ref = onefirm.done("record", "create", "task", "title=Buy flags").out.split()[0]
    undone = onefirm.done("record", "undo", ref)
    assert f"{ref} is archived now" in undone.err
    again = next(line for line in undone.err.splitlines() if line.startswith("To bring it back: onefirm "))
    onefirm.done(*again.split("onefirm ")[1].split())
    assert onefirm.data("record", "get", ref)["archived"] is False


@pytest.mark.row("STA-01")
def test_what_cannot_be_is_refused_with_what_to_do(onefirm: Terminal) -> None:
    ours, theirs = (onefirm.data("record", "create", "client", f"title={name}")[0]["ref"] for name in ("Elm", "Fir"))
    project = onefirm.data("record", "create", "project", "title=Garden", f"client={theirs}")[0]["ref"]
    two = onefirm("record", "create", "task", "title=Dig", f"client={ours}", f"project={project}")
    assert two.code == 1
    assert f"would belong to two clients: {ours} “Elm” as its client and {theirs} “Fir” through its" in two.err
    assert f"`onefirm record find project --about {ours}`" in two.err
    (task,) = onefirm.data("record", "create", "task", "title=Dig", f"project={project}")
    assert "client" not in task["after"]
    own = onefirm.data("record", "create", "task", "title=Rake", f"project={project}", f"client={theirs}")[0]["ref"]
    moved = onefirm("record", "update", project, f"client={ours}")
    assert f"would name another client: {own}." in moved.err
    assert f"(onefirm record update {own} client=)" in moved.err
    onefirm.done("record", "update", own, "client=")
    onefirm.done("record", "update", project, f"client={ours}")
    early = onefirm("record", "create", "contract", "title=Care", "starts_on=2026-12-01", "ends_on=2026-11-01")
    assert (early.code, "ends_on 2026-11-01 before its starts_on 2026-12-01" in early.err) == (1, True)
    less = onefirm("record", "create", "invoice", "title=Back", "amount=-5")
    assert (less.code, "amount is at least 0, and -5.00 EUR is less" in less.err) == (1, True)
    assert "at least 0" in onefirm.done("record", "kinds", "invoice").out


@pytest.mark.row("STA-02")
def test_a_kind_of_ones_own_says_what_may_not_be_and_a_shipped_one_is_lifted(onefirm: Terminal) -> None:
    folder = onefirm.root / "schema"
    folder.mkdir(exist_ok=True)
    (folder / "invoice.yaml").write_text("kind: invoice\nproperties:\n  project: {type: relation, to: project}\n")
    (folder / "project.yaml").write_text("kind: project\nproperties:\n  starts_on: null\n")
    (folder / "asset.yaml").write_text(
        "kind: asset\nprefix: AS\nplural: Assets\ndescription: A thing.\nstatuses:\n  kept: {group: open, moves: []}\n"
        "properties:\n  title: {type: text, required: true}\n  status: {type: status}\n"
        "  weight: {type: number, min: 1}\n  project: {type: relation, to: project, same: [owner]}\n"
    )
    wrong = onefirm("schema", "check")
    assert "schema/asset.yaml:11: project: a project has no relation “owner” that could be the same." in wrong.err
    whole = (folder / "asset.yaml").read_text().replace("same: [owner]", "same: [client]")
    (folder / "asset.yaml").write_text(whole + "  client: {type: relation, to: client}\n")
    onefirm.done("schema", "apply", "--why", "an agency pays for others")
    ours, theirs = (onefirm.data("record", "create", "client", f"title={name}")[0]["ref"] for name in ("Elm", "Fir"))
    project = onefirm.data("record", "create", "project", "title=Garden", f"client={theirs}", "due=2026-12-01")[0][
        "ref"
    ]
    both = (f"client={ours}", f"project={project}")
    assert onefirm("record", "create", "asset", "title=Saw", *both).code == 1
    assert "weight is at least 1" in onefirm("record", "create", "asset", "title=Saw", "weight=0").err
    onefirm.done("record", "create", "invoice", "title=For the agency", *both)
    assert "same: [client]" in onefirm.done("schema", "show", "asset").out


@pytest.mark.row("STA-01")
def test_a_client_is_not_archived_over_what_is_open(onefirm: Terminal) -> None:
    client = onefirm.data("record", "create", "client", "title=Elm")[0]["ref"]
    invoice = onefirm.data("record", "create", "invoice", "title=Half", "amount=10", f"client={client}")[0]["ref"]
    refused = onefirm("record", "archive", client)
    assert refused.code == 1
    assert (
        f"{client} “Elm” can't be archived while what belongs to it is open: {invoice} “Half” (draft)." in refused.err
    )
    assert f"onefirm record archive {client} {invoice}" in refused.err
    onefirm.done("record", "archive", client, invoice)


@pytest.mark.row("STA-01")
def test_a_name_where_a_ref_is_due_is_told_the_records_called_so(onefirm: Terminal) -> None:
    first = onefirm.data("record", "create", "client", "title=Elm Rockets")[0]["ref"]
    second = onefirm.data("record", "create", "client", "title=Elm Rockets South")[0]["ref"]
    task = onefirm.data("record", "create", "task", "title=Call Elm Rockets")[0]["ref"]
    told = onefirm("record", "get", "elm rockets")
    assert told.code == 1
    assert (
        f"“elm rockets” is not a ref. Called so: {first} “Elm Rockets”, {task} “Call Elm Rockets”, {second}" in told.err
    )
    assert "Send the ref of the one that is meant." in told.err
    wrong = onefirm("record", "update", task, "client=Elm Rockets", "due=2026-12-01")
    assert wrong.code == 1
    assert f"client: “Elm Rockets” is not a ref. Called so: {first} “Elm Rockets”, {second} “Elm" in wrong.err
    assert task not in wrong.err
    assert onefirm.data("record", "get", task)["props"].get("due") is None, "nothing is resolved in silence"
    for words in (("record", "find", "--about", "Elm Rockets"), ("record", "archive", "Elm Rockets"),
                  ("record", "timeline", "Elm Rockets")):  # fmt: skip
        assert f"Called so: {first}" in onefirm(*words).err
    unknown = onefirm("record", "get", "Nobody at all")
    assert "Called so" not in unknown.err
    assert "`onefirm record find`" in unknown.err


@pytest.mark.row("STA-01")
def test_amounts_and_days_are_read_as_they_are_written_in_europe(onefirm: Terminal) -> None:
    (made,) = onefirm.data(
        "record", "create", "invoice", "title=Half", "amount=1.250,00 EUR", "issued_on=1.12.2026", "due=24.12.2026"
    )
    shown = onefirm.data("record", "get", made["ref"])["props"]
    assert (shown["amount"], shown["issued_on"], shown["due"]) == ("1250.00 EUR", "2026-12-01", "2026-12-24")
    assert onefirm.data("record", "find", "invoice", "amount=1250,00 EUR", "due<25.12.2026")["total"] == 1
    two = onefirm("record", "update", made["ref"], "amount=1.250 EUR")
    assert (two.code, "Write 1250 EUR for the one, 1.25 EUR for the other." in two.err) == (1, True)
    day = onefirm("record", "update", made["ref"], "due=03/04/2026")
    assert (day.code, "Write it as 2026-04-03 or 2026-03-04." in day.err) == (1, True)
