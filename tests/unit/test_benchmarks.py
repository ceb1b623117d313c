"""The benchmarks' own arithmetic and table: a wrong ratio would be believed. What they seed is checked when tiny."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mcp.types import CallToolResult, TextContent

from onefirm import bootstrap
from onefirm.core.attribution import By
from onefirm.ledger.verify import verify
from onefirm.state import schema
from onefirm.state.records import Change

PROJECT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

sys.path.append(str(PROJECT / "scripts"))  # the benchmarks are no package of the project

from benchmarks import context, entries, firms, ledger, notion, processes, samples, seeds, sync, table, tokens  # noqa: E402
from benchmarks.rows import Goal, NotMeasured, Report, Row  # noqa: E402
from benchmarks.samples import Sample  # noqa: E402

# -- figures -----------------------------------------------------------------------------------------------------------


def test_a_sample_tells_median_least_and_quantiles_that_were_measured() -> None:
    sample = Sample.of(4, 1, 3, 2)
    assert (sample.median, sample.least) == (2.5, 1)
    assert [sample.quantile(share) for share in (0, 0.5, 0.75, 0.95, 1)] == [1, 2, 3, 4, 4]


def test_a_sample_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Sample(())


def test_things_are_measured_in_turn_and_the_order_turns_round() -> None:
    taken: list[str] = []
    figures: Iterator[int] = iter(range(100))

    def thing(name: str) -> float:
        taken.append(name)
        return next(figures)

    first, second = samples.in_turn(3, [lambda: thing("a"), lambda: thing("b")])
    assert "".join(taken) == "baabbaab"  # one round to warm up, three that count
    assert (first.values, second.values) == ((2, 5, 6), (3, 4, 7))


# -- goals -------------------------------------------------------------------------------------------------------------


def row(goal: Goal | None = None, ours: float | None = 2, peer: float | None = 1, **more: Any) -> Row:
    sampled = [None if value is None else Sample.of(value) for value in (ours, peer)]
    return Row("a call", "ms", sampled[0], sampled[1], goal, **more)


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (Goal("ours", "at most", 2), "met"),
        (Goal("ours", "at most", 1.99), "missed"),
        (Goal("ours", "at least", 2), "met"),
        (Goal("ours", "at least", 2.01), "missed"),
        (Goal("ratio", "at most", 2), "met"),
        (Goal("ratio", "at most", 1.9), "missed"),
        (Goal("saving", "at least", 0.5), "met"),
        (Goal("saving", "at least", 0.6), "missed"),
        (Goal("excess", "at most", 1), "met"),
        (Goal("excess", "at most", 0.9), "missed"),
    ],
)
def test_a_goal_is_held_against_its_figure(goal: Goal, verdict: str) -> None:
    assert row(goal).verdict == verdict


def test_a_goal_is_judged_by_medians_and_not_by_the_luckiest_run() -> None:
    lucky = Row("a call", "ms", Sample.of(1, 9, 9), Sample.of(3, 3, 3), Goal("ratio", "at most", 2))
    assert lucky.figure("ratio") == 3
    assert lucky.verdict == "missed"


@pytest.mark.parametrize("figure", ["ratio", "saving", "excess"])
def test_a_goal_against_a_peer_that_is_absent_is_not_measured_and_never_met(figure: Any) -> None:
    assert row(Goal(figure, "at most", 1_000), peer=None).verdict == "not measured"


def test_what_was_not_measured_is_never_met() -> None:
    assert row(Goal("ours", "at most", 1_000), ours=None).verdict == "not measured"
    assert row(None, ours=None).verdict == "not measured"


def test_a_row_without_a_goal_is_only_told() -> None:
    assert row().verdict == ""


# -- the table ---------------------------------------------------------------------------------------------------------

REPORT = Report(
    "mail",
    "what a letter costs",
    "the post office",
    (
        Row("sending one, with a name that is too long for one line", "ms", Sample.of(2, 4, 6), Sample.of(2, 2, 8)),
        Row("words", "tok", Sample.of(31), Sample.of(565), Goal("saving", "at least", 10)),
        Row("outside", "ms", Sample.of(3.5), Sample.of(1.25), Goal("excess", "at most", 3)),
        Row("abroad", "ms", goal=Goal("ratio", "at most", 4), why="there is no ship: install one, and more " * 5),
    ),
    ("A note that is longer than a line can be, and so has to be folded " * 3,),
)


def test_the_table_says_ours_the_peers_the_ratio_and_the_verdict() -> None:
    lines = [" ".join(line.split()) for line in table.text(REPORT).splitlines()]
    assert lines[:2] == ["mail: what a letter costs; peer: the post office", "ours least peer least ratio goal"]
    assert lines[2].endswith("4.00 ms 2.00 2.00 2.00 2.00 ×")
    assert "words 31.0 tok 565 1/18.2 × ≥ 10 × fewer met" in lines
    assert "outside 3.50 ms 1.25 +2.25 ms ≤ peer + 3 ms met" in lines
    assert any(line.startswith("abroad not measured: there is no ship") for line in lines)


def test_the_table_is_at_most_100_columns_wide() -> None:
    assert max(len(line) for line in table.text(REPORT).splitlines()) <= 100


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (0.0412, "0.041"),
        (0.412, "0.412"),
        (4.123, "4.12"),
        (41.23, "41.2"),
        (412.3, "412"),
        (41234, "41,234"),
    ],
)
def test_numbers_show_three_digits_that_count(value: float, said: str) -> None:
    assert table.number(value) == said


def test_the_summary_names_what_was_missed_and_what_was_not_measured() -> None:
    missed = Report("ink", "", "", (Row("a drop", "ms", Sample.of(9), None, Goal("ours", "at most", 1)),))
    assert table.summary([REPORT, missed], ["paper"]).splitlines() == [
        "2 met, 1 missed, 1 not measured",
        "  missed: ink, a drop",
        "  not measured: mail, abroad",
        "  failed: paper",
    ]


def test_json_says_all_that_the_table_says() -> None:
    said = json.loads(json.dumps(table.as_json({"cores": "2"}, [REPORT])))
    rows = {row["what"]: row for row in said["reports"][0]["rows"]}
    assert rows["words"]["ours"] == {"median": 31, "least": 31, "p95": 31, "count": 1}
    assert (rows["words"]["goal"], rows["words"]["verdict"]) == ("≥ 10 × fewer", "met")
    assert rows["abroad"]["ours"] is None
    assert rows["abroad"]["verdict"] == "not measured"


# -- what is measured, at tiny sizes -----------------------------------------------------------------------------------


def test_a_run_counts_processor_time_and_keeps_what_was_printed() -> None:
    done = processes.run([*processes.PYTHON, "-c", "print(sum(range(10**6)), input())"], stdin=b"words")
    assert (done.code, done.out) == (0, b"499999500000 words\n")
    assert done.cpu_ms > 0
    assert done.wall_ms > 0


def test_a_seeded_ledger_verifies_and_grows_on(tmp_path: Path) -> None:
    with ledger.opened(tmp_path / "firm.db") as (store, chain):
        assert entries.append_many(store, chain, entries.edits(0, 30, NOW)) == 30
        assert entries.append_many(store, chain, entries.edits(30, 12, NOW)) == 12
    found = ledger.verify_alone(str(tmp_path / "firm.db"))
    assert (found["ok"], found["entries"]) == (True, 42)
    assert ledger.pass_alone(str(tmp_path / "firm.db"))["cpu_s"] >= 0


def test_a_seeded_firm_is_whole(tmp_path: Path) -> None:
    root = firms.of_size(tmp_path / "firm", 150)
    with bootstrap.open_firm(root) as firm:
        assert firm.records.sync(By("onefirm")).pulled == ()  # the mirror says what the truth says
        with firm.store.read() as conn:
            assert verify(conn).ok
            kinds = {event.kind for event in firm.ledger.events(conn)}
        assert kinds == {"workspace.created", "schema.applied", "record.created", "record.updated", "session.closed"}
        assert firm.day.brief().changes
        (written,) = firm.records.write([Change("create", kind="task", set={"title": "Next"})], By("operator"))
    made = [one for one in seeds.records(150, NOW) if one.kind == "task"]
    assert written.ref == f"T-{len(made) + 1}"


def test_a_grown_tree_is_clean_and_as_large_as_it_should_be(tmp_path: Path) -> None:
    root = context.tree(tmp_path / "firm", 60)
    files = len(list(root.glob("context/**/*.md"))) + 1
    assert files in (59, 60)
    assert context.check_alone(str(root))["cpu_s"] > 0
    assert context.edit_alone(str(root))["cpu_s"] > 0
    assert context.drift_alone(str(root))["cpu_s"] > 0
    assert context.fresh_alone(str(root))["cpu_s"] > 0


def test_a_seeded_record_tells_the_same_in_ledger_truth_and_mirror(tmp_path: Path) -> None:
    root = firms.of_size(tmp_path / "firm", 100)
    with bootstrap.open_firm(root) as firm:
        record = firm.records.get("T-75")  # among the newest, so it was taken up
        told = {event.kind: event.payload or {} for event in firm.records.timeline("T-75")}
    created, updated = told["record.created"], told["record.updated"]
    assert {**created["after"], **updated["after"]} == record.props
    assert (created["etag"], updated["etag"]) == (updated["etag_before"], record.etag)


def test_a_firm_at_notion_shows_the_same_properties_and_only_the_rows_that_are_asked_for(tmp_path: Path) -> None:
    root = firms.of_size(tmp_path / "firm", 20)
    with notion.moved(root) as tasks:
        wanted = sorted(tasks.pages)[:2]
        tasks.leave(wanted)
        source = tasks.notion.workspace.sources[tasks.place.data_source]
        assert {page.id for page in source.rows.values() if not page.face.in_trash} == {
            tasks.pages[ref] for ref in wanted
        }
        assert len(source.properties) == len(schema.shipped().kinds["task"].properties)


def test_what_a_model_is_shown_is_the_structure_where_there_is_one() -> None:
    text = TextContent(type="text", text="words")
    assert tokens.shown(CallToolResult(content=[text])) == "words"
    assert tokens.shown(CallToolResult(content=[text], structured_content={"a": [1]})) == '{"a":[1]}'


def test_a_peer_that_is_not_installed_is_not_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tokens, "NODE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    for needed, said in ((tokens.node, "no Node on PATH"), (tokens.program, "npm ci")):
        with pytest.raises(NotMeasured, match=said):
            needed()


def test_rows_without_the_peer_say_why() -> None:
    costs = tokens.Costs((100, 30), {size: size * 40 for size in tokens.SIZES}, 50, 60)
    rows = {row.what: row for row in tokens.rows(costs, None, "there is no Node")}
    query = rows["a query of 25 tasks, each row"]
    assert (query.verdict, query.why) == ("not measured", "peer not measured: there is no Node")
    assert rows["the dearest tool's definition"].verdict == "met"


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(PROJECT / "scripts" / "bench"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_unknown_subject_is_refused_with_the_known_ones() -> None:
    done = bench("weather")
    assert done.returncode == 2
    assert "no such subject: weather; there are tokens, hooks, server, brief, context, ledger" in done.stderr


def test_a_pull_is_held_against_the_budget_and_each_data_source() -> None:
    told = list(sync.rows_of(10_000, 11, first=(120, 40), changed=(22, 6), idle=(23, 6), peer=(100, 25)))
    pace, changed, idle = told[0], told[3], told[5]
    assert (pace.figure("ours"), pace.verdict) == (1.0, "met")
    assert (changed.figure("ours"), changed.verdict) == (2, "met")
    assert idle.verdict == "missed", "one request more than two for each"
