"""Decisions and lessons through the tools."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from onefirm.sessions import db
from onefirm.workspace import Wishes
from support.firms import new_firm
from support.over_mcp import Firm, Refusal, connected
from support.terminal import Terminal


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp("firm")
    new_firm(root, Wishes(firm="Ann Consulting", timezone="Europe/Berlin"))
    return root


@pytest.fixture(scope="module")
def firm(root: Path) -> Iterator[Firm]:
    with connected(root) as firm:
        yield firm


def decide(firm: Firm, what: str, why: str = "it is cheaper", **more: object) -> str:
    return firm.row("decision_record", what=what, why=why, **more)["ref"]


@pytest.mark.row("MEM-01")
def test_a_decision_keeps_what_why_alternatives_evidence_and_who(firm: Firm) -> None:
    project = firm.create("project", title="Launch site")
    ref = decide(
        firm, "A static site", "nobody is there to patch a server", about=[project],
        alternatives=["a hosted shop, at 40 EUR a month", "a wiki"], evidence=["the outage of March"],
        reversible_until="2199-01-31",
    )  # fmt: skip
    (found,) = firm.rows("decision_find", about=project, detail="detailed")
    assert found["ref"] == ref
    assert (found["what"], found["why"]) == ("A static site", "nobody is there to patch a server")
    assert found["alternatives"] == ["a hosted shop, at 40 EUR a month", "a wiki"]
    assert found["evidence"] == ["the outage of March"]
    assert (found["by"], found["reversible_until"]) == ("claude", "2199-01-31")


@pytest.mark.row("MEM-01")
def test_a_decision_is_superseded_and_never_rewritten(firm: Firm) -> None:
    project = firm.create("project", title="Route planner")
    first = decide(firm, "Start with the app", about=[project])
    second = decide(firm, "Start with the map", about=[project], supersedes=first)
    rows = {row["ref"]: row for row in firm.rows("decision_find", about=project)}
    assert (rows[first]["what"], rows[first]["superseded_by"]) == ("Start with the app", second)
    with pytest.raises(Refusal, match=f"superseded by {second} already"):
        decide(firm, "Start with the van", about=[project], supersedes=first)


@pytest.mark.row("MEM-01")
def test_closing_an_engagement_closes_its_record(firm: Firm) -> None:
    project = firm.create("project", title="Test stand")
    decide(firm, "Rent the stand", about=[project])
    firm.update(project, status="cancelled")
    with pytest.raises(Refusal, match=f"Nothing more is decided about {project}"):
        decide(firm, "Rent it again", about=[project])
    assert len(firm.rows("decision_find", about=project)) == 1


@pytest.mark.row("MEM-13")
def test_decisions_are_filtered_by_record_time_standing_and_words(firm: Firm) -> None:
    client = firm.create("client", title="Borealis Studio")
    old = decide(firm, "Invoice monthly", about=[client])
    new = decide(firm, "Invoice on delivery", about=[client], supersedes=old)

    def found(**query: object) -> list[str]:
        return [row["ref"] for row in firm.rows("decision_find", about=client, **query)]

    assert found() == [new, old]
    assert found(standing=True) == [new]
    assert found(standing=False) == [old]
    assert found(text="monthly") == [old]
    assert found(until="2020-01-01") == []
    assert found(since="2020-01-01") == [new, old]


@pytest.mark.row("MEM-13")
def test_every_decision_is_listed_page_by_page(firm: Firm) -> None:
    prospect = firm.create("prospect", title="Dune Couriers")
    made = [decide(firm, f"Choice {number}", about=[prospect]) for number in range(7)]
    answer = firm.call("decision_find", about=prospect, limit=5)
    assert answer["total"] == 7
    rest = firm.rows("decision_find", about=prospect, limit=5, cursor=answer["cursor"])
    assert [row[0] for row in answer["rows"]] + [row["ref"] for row in rest] == made[::-1]


@pytest.mark.row("MEM-02")
def test_a_lesson_starts_as_a_candidate_and_hardens_when_it_recurs_elsewhere(firm: Firm) -> None:
    one, two = firm.create("project", title="Site A"), firm.create("project", title="Site B")
    lesson = firm.row("lesson_record", rule="Ask for the logo as a vector", why="three weeks lost", about=[one])
    assert (lesson["status"], lesson["sightings"]) == ("candidate", 1)
    same = firm.row("lesson_record", again=lesson["ref"], why="again at the same project", about=[one])
    assert (same["status"], same["sightings"]) == ("candidate", 2)
    elsewhere = firm.row("lesson_record", again=lesson["ref"], why="here too", about=[two])
    assert (elsewhere["status"], elsewhere["sightings"]) == ("hardened", 3)


@pytest.mark.row("MEM-02")
def test_the_operator_hardens_or_retires_a_lesson(firm: Firm) -> None:
    ref = firm.row("lesson_record", rule="Never ship on Friday", why="no one is there on Saturday")["ref"]
    assert firm.row("lesson_decide", ref=ref, verdict="harden")["status"] == "hardened"
    assert firm.row("lesson_decide", ref=ref, verdict="retire")["status"] == "retired"


@pytest.mark.row("MEM-02")
def test_a_client_that_asks_nobody_decides_nothing(firm: Firm) -> None:
    ref = firm.row("lesson_record", rule="Test the fallback first", why="it failed at the fair")["ref"]
    with pytest.raises(Refusal, match=f"onefirm lesson decide {ref} harden"):
        firm.unannounced().call("lesson_decide", ref=ref, verdict="harden")
    again = firm.row("lesson_record", again=ref, why="once more")
    assert again["status"] == "candidate"


@pytest.mark.row("MEM-02")
def test_lessons_and_decisions_are_recalled_in_words(firm: Firm) -> None:
    decide(firm, "The pump comes from Holt Hydraulics", "they keep spare parts for ten years")
    hits = firm.rows("memory_recall", query="spare parts for the pump")
    assert "Holt Hydraulics" in hits[0]["heading"]
    assert hits[0]["source"] == "decision"


@pytest.mark.row("MEM-07")
def test_an_answer_names_its_sources_says_how_it_was_searched_and_its_use_is_counted(firm: Firm, root: Path) -> None:
    ref = decide(firm, "Gaskets come from Brinkmann", "the cheap ones leaked within a week")
    answer = firm.call("memory_recall", query="where do gaskets come from")
    hit = dict(zip(answer["columns"], answer["rows"][0], strict=True))
    assert (hit["ref"], hit["source"], len(hit["at"])) == (ref, "decision", len("2026-11-21"))
    assert answer["how"].startswith("lexical, the firm, ")
    with db.reading(str(root)) as conn:
        known = {item for (item,) in conn.execute("select item from told")}
    assert f"recalled {ref}" in known, "no prompt says it again"
    firm.call("memory_recall", query="quasar")
    decide(firm, "Gaskets are kept in stock", "delivery takes three weeks", evidence=[f"{ref} ({answer['id']})"])
    told = Terminal(root).data("memory", "stats")
    assert (told["cited"] >= 1, "quasar" in [miss["query"] for miss in told["misses"]]) == (True, True)
    assert "quasar" in Terminal(root).done("memory", "stats").out
    assert firm.call("memory_recall", query="gaskets", as_of="2020-01-01")["rows"] == []
