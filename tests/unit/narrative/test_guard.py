"""The judgement: which rule an edit breaks, and what the refusal says."""

import time

import pytest

from onefirm.narrative import guard

FILE = "# Launch site\n\nRecord: P-1\nParent: [Acme](../CLAUDE.md)\n\nWe start with the booking path.\n"


def rules_broken(verdict) -> list[str]:
    return [finding["rule"] for finding in verdict["findings"]]


def with_line(line: str) -> str:
    return FILE + "\n" + line + "\n"


def test_an_edit_without_a_receipt_is_refused_with_the_call_that_gives_one(judge) -> None:
    verdict = judge(FILE, with_line("The range officer is ill."), seen=[])
    assert rules_broken(verdict) == ["receipt"]
    assert 'mcp__plugin_onefirm_firm__record_get {"refs":["P-1"]}' in guard.refusal("a.md", verdict["findings"])


def test_the_same_edit_passes_with_a_receipt(judge) -> None:
    assert judge(FILE, with_line("The range officer is ill.")) == {"findings": [], "notes": []}


def test_a_pending_receipt_passes_and_is_marked(judge) -> None:
    verdict = judge(FILE, with_line("The range officer is ill."), receipt={"kind": "pending", "etag": None})
    assert verdict["findings"] == []
    assert "still waits for the truth" in verdict["notes"][0]


def test_a_record_that_moved_since_the_look_is_no_reason_to_refuse(judge) -> None:
    verdict = judge(
        FILE, with_line("The range officer is ill."), receipt={"kind": "seen", "etag": "v0"}, truth={"P-1": "delivery"}
    )
    assert verdict == {"findings": [], "notes": []}


def test_both_the_old_and_the_new_head_need_a_receipt(judge) -> None:
    moved = FILE.replace("P-1", "P-2")
    assert rules_broken(judge(FILE, moved, seen=["P-2"])) == ["receipt"]
    assert rules_broken(judge(FILE, moved, seen=["P-1"])) == ["receipt"]
    assert rules_broken(judge(FILE, moved, seen=["P-1", "P-2"])) == []


def test_a_new_file_with_a_head_and_a_deleted_one_need_a_receipt(judge) -> None:
    assert rules_broken(judge(None, FILE, seen=[])) == ["receipt"]
    assert rules_broken(judge(FILE, None, seen=[])) == ["receipt"]
    assert rules_broken(judge(None, FILE)) == []


def test_a_head_that_names_no_kind_of_this_firm_is_refused_with_how_to_find_one(judge) -> None:
    verdict = judge(FILE, FILE.replace("P-1", "ZZ-1"))
    assert rules_broken(verdict) == ["unknown"]
    assert "record_find" in guard.refusal("a.md", verdict["findings"])


@pytest.mark.parametrize("text", ["no head here", "# Notes\n\nAsk Record: keeping.\n"])
def test_a_file_without_a_record_is_free(judge, text: str) -> None:
    assert judge(text, text + "\nStatus: delivery\nMoved to delivery.\n", path="notes.md") == {
        "findings": [],
        "notes": [],
    }


def test_a_claude_file_without_a_record_may_not_contradict_records_that_it_names(judge) -> None:
    verdict = judge("# Clients\n", "# Clients\n\n- P-1 is in delivery\n", path="CLAUDE.md", seen=[])
    assert rules_broken(verdict) == ["contradiction"]


def test_a_contradiction_names_both_sides_and_who_said_so(judge) -> None:
    (finding,) = judge(FILE, with_line("The project moved to delivery."))["findings"]
    assert finding["rule"] == "contradiction"
    assert finding["line"] == "The project moved to delivery."
    assert "the truth says discovery (operator, 2026-11-20)" in finding["why"]
    assert "record_write" in finding["call"]


def test_what_the_old_text_said_already_is_not_this_edits(judge) -> None:
    stale = with_line("The project is in delivery, says Marek's wall.")
    assert judge(stale, stale.replace("wall", "wall calendar")) == {"findings": [], "notes": []}


def test_a_status_that_the_record_had_in_this_session_may_still_be_told_of(judge) -> None:
    told = with_line("The project moved to review.")
    assert rules_broken(judge(FILE, told, truth={"P-1": "delivery"})) == ["contradiction"]
    assert rules_broken(judge(FILE, told, truth={"P-1": "delivery"}, past=["review"])) == []


def test_a_contradiction_offers_no_write_that_would_be_refused(judge) -> None:
    (legal,) = judge(FILE, with_line("The project moved to delivery."))["findings"]
    assert '{"status":"delivery"}' in legal["call"]
    (illegal,) = judge(FILE, with_line("The project is done."))["findings"]
    assert '"status"' not in illegal["call"]
    assert "one move at a time, from here to delivery, on_hold, cancelled" in illegal["call"]


def test_a_record_whose_state_nobody_knows_contradicts_nothing(judge) -> None:
    assert judge(FILE, with_line("The project is in delivery."), truth={})["findings"] == []


def test_a_property_line_is_refused_even_where_it_is_right(judge) -> None:
    (finding,) = judge(FILE, with_line("Status: discovery"))["findings"]
    assert finding["rule"] == "property"


def test_an_old_property_line_may_stand_and_go_but_not_change(judge) -> None:
    legacy = with_line("Owner: Tomas")
    assert judge(legacy, legacy + "\nA reason.\n")["findings"] == []
    assert judge(legacy, FILE)["findings"] == []
    assert rules_broken(judge(legacy, legacy.replace("Tomas", "Ines"))) == ["property"]


def test_head_lines_are_no_properties(judge) -> None:
    assert (
        judge(None, "# Safety\n\nRecord: P-1\nParent: [x](../CLAUDE.md)\nClient stands elsewhere.\n")["findings"] == []
    )


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        (".onefirm/guard.json", "private"),
        (".ONEFIRM/session.db", "private"),
        ("sub/.onefirm/x", "private"),
        ("context/generated/index.md", "generated"),
        ("context/decisions.md", "append_only"),
    ],
)
def test_files_that_nobody_writes_by_hand_are_refused_with_the_right_way(judge, path: str, rule: str) -> None:
    (finding,) = judge("", "anything", path=path)["findings"]
    assert finding["rule"] == rule
    assert finding["call"]


def test_an_edit_that_changes_nothing_passes_everywhere(judge) -> None:
    assert judge(FILE, FILE, seen=[])["findings"] == []
    assert judge("x", "x", path="context/decisions.md")["findings"] == []


def test_a_light_edit_needs_no_receipt_but_may_not_lie(judge) -> None:
    assert judge(FILE, FILE.replace("booking", "boking"), seen=[])["findings"] == []
    lost = with_line("The prospect is lust.").replace("P-1", "PR-1")
    verdict = judge(lost, lost.replace("lust", "lost"), truth={"PR-1": "lead"}, seen=[])
    assert rules_broken(verdict) == ["contradiction"]


def test_every_wrong_line_is_told_at_once_and_many_are_counted(judge) -> None:
    verdict = judge(FILE, FILE + "\n".join(f"\nStatus: discovery {number}" for number in range(8)))
    assert len(verdict["findings"]) == 8
    assert "(and 3 more)" in guard.refusal("a.md", verdict["findings"])


def test_a_long_line_is_quoted_in_part(judge) -> None:
    verdict = judge(FILE, with_line("Due: 1 May 2027 " + "x" * 4000))
    assert len(guard.refusal("a.md", verdict["findings"])) < 600


def test_line_ends_and_invisible_characters_hide_nothing(judge) -> None:
    assert "property" in rules_broken(judge(FILE, with_line("Sta\u200btus: delivery")))
    assert "property" in rules_broken(judge(FILE, with_line("Ｓｔａｔｕｓ： delivery")))
    assert judge(FILE, FILE.replace("\n", "\r\n"), seen=[])["findings"] == []


@pytest.mark.parametrize(
    "piece",
    [
        "delivery ",
        "A. ",
        "we moved to delivery and ",
        "](",
        "due [",
        "due <a",
        "due ..",
        "ab\n",
        "```a\n",
        "\n",
        "[a\n",
    ],
)
def test_a_long_text_is_judged_in_proportion_to_its_length(judge, piece: str) -> None:
    text = FILE + piece * (200_000 // len(piece))
    began = time.process_time()
    judge(FILE, text, seen=[])
    # Under a second on a quiet machine; each of these once took ten times as long or more, and four times that for
    # twice the length.
    assert time.process_time() - began < 4


@pytest.mark.parametrize("opening", ["```", "~~~ text", "```` ", "```\nx\n```\n\n```python"])
def test_a_code_fence_that_is_never_closed_hides_nothing(judge, opening: str) -> None:
    assert rules_broken(judge(FILE, with_line(f"{opening}\n\nThe project is in delivery.\n"))) == ["contradiction"]


def test_a_code_fence_ends_where_a_reader_sees_its_end(judge) -> None:
    claim = "The project is in delivery."
    assert rules_broken(judge(FILE, with_line(f"````\n```\n{claim}\n```\n````\n"))) == []
    assert rules_broken(judge(FILE, with_line(f"```\n```python\n{claim}\n```\n"))) == []
    assert rules_broken(judge(FILE, with_line(f"```x``` is a word.\n\n{claim}\n\n```x``` too.\n"))) == ["contradiction"]


def test_front_matter_that_is_never_closed_hides_nothing(judge) -> None:
    file = "---\n" + FILE
    assert rules_broken(judge(file, file + "\nThe project is in delivery.\n")) == ["contradiction"]
