"""Columns and rows, and never more than the budget."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_server import answers
from onefirm.core.tokens import estimate

PROSE = "The client wants the launch site before the trade fair, so we start with the booking path. "
TEXTS = {
    "prose": PROSE * 20,
    "german": "Die Geschäftsführerin möchte das Überraschungsgeschenk für die Weihnachtsfeier zurückstellen. " * 20,
    "refs": json.dumps([["T-12", "Call Ann", "doing", "2026-12-01", None, "1250.00 EUR"]] * 50),
    "uuids": "0193a1b2-4c5d-7e8f-9a0b-1c2d3e4f5a6b " * 30,
    "hex": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 " * 20,
    "chinese": "客户希望在展会之前完成发布网站，因此我们从预订流程开始。" * 20,
    "arabic": "يريد العميل إطلاق الموقع قبل المعرض التجاري. " * 20,
    "emoji": "🚀🧑‍🚀🛰️🌍" * 40,
    "punctuation": '!"§$%&/()=?`´*+~#<>|{[]}\\' * 30,
    "code": 'def f(x: int) -> str:\n    return f"{x!r:>{10}}"\n' * 30,
    "nothing": "",
}


@dataclass
class Listed:
    rows: Sequence[Any]
    cursor: str | None
    total: int


def listing(values: Sequence[str], asked: list[int]) -> Callable[[int], Listed]:
    """A room's list, whose cursor says where it stopped."""

    def fetch(limit: int) -> Listed:
        asked.append(limit)
        rows = values[:limit]
        return Listed(rows, str(len(rows)) if len(rows) < len(values) else None, len(values))

    return fetch


@pytest.mark.parametrize("name", TEXTS)
def test_the_estimate_is_never_less_than_the_tokens_and_never_far_too_many(
    name: str, tokens: Callable[[str], int]
) -> None:
    real, estimated = tokens(TEXTS[name]), estimate(TEXTS[name])
    assert real <= estimated <= 3.1 * real + 2


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=400))
def test_even_noise_in_rare_scripts_stays_below_the_limit_of_the_client(
    tokens: Callable[[str], int], text: str
) -> None:
    assert 3 * estimate(text) >= tokens(text)  # three times TOKENS is less than its 25,000


def test_columns_that_are_empty_in_every_row_are_left_out() -> None:
    rows = [{"ref": "T-1", "due": None, "owner": "Ann"}, {"ref": "T-2", "due": "", "owner": None}]
    assert answers.table(rows) == {"columns": ["ref", "owner"], "rows": [["T-1", "Ann"], ["T-2", None]]}


def test_zero_and_false_are_values() -> None:
    assert answers.table([{"n": 0, "done": False}])["rows"] == [[0, False]]


def test_empty_values_at_the_top_are_left_out_but_rows_are_not() -> None:
    assert answers.text(answers.table([], hint="", note=None, total=0)) == '{"rows":[],"total":0}'


def test_the_json_is_compact_and_keeps_letters() -> None:
    assert answers.text({"rows": [["Überraschung"]]}) == '{"rows":[["Überraschung"]]}'


def test_a_whole_page_has_no_cursor_and_no_hint() -> None:
    answer = answers.page(listing(["a", "b"], []), 25, lambda text: {"text": text}, "or narrow.")
    assert answer == {"columns": ["text"], "rows": [["a"], ["b"]]}


def test_a_page_with_more_behind_it_says_how_many_how_to_go_on_and_how_to_narrow() -> None:
    answer = answers.page(listing(["a", "b", "c"], []), 2, lambda text: {"text": text}, "or narrow by kind.")
    assert (answer["total"], answer["cursor"]) == (3, "2")
    assert answer["hint"] == "More with cursor; or narrow by kind."


def test_a_page_that_is_too_long_is_cut_and_its_cursor_goes_on_exactly_there(tokens: Callable[[str], int]) -> None:
    asked: list[int] = []
    answer = answers.page(listing([PROSE * 10] * 100, asked), 100, lambda text: {"text": text}, "or narrow.")
    shown = len(answer["rows"])
    assert 10 < shown < 100
    assert (asked, answer["cursor"]) == ([100, shown], str(shown))
    assert tokens(answers.text(answer)) <= answers.TOKENS


def test_one_row_that_is_too_long_is_clipped_and_says_how_much_is_missing(tokens: Callable[[str], int]) -> None:
    answer = answers.page(listing(["漢" * 20_000, "b"], []), 25, lambda text: {"text": text}, "or narrow.")
    (cell,) = answer["rows"][0]
    kept = cell.index("…[+")
    assert cell.endswith(f"…[+{20_000 - kept} characters]")
    assert tokens(answers.text(answer)) <= answers.TOKENS


def test_a_list_within_a_row_is_cut_too() -> None:
    row = answers.clipped({"refs": [f"T-{number}" for number in range(9_000)]}, 500)
    assert estimate(answers.text(row)) <= 500
    assert row["refs"][-1].startswith("…[+")


def test_what_does_not_fit_is_not_read() -> None:
    read: list[int] = []

    def row(number: int) -> answers.Row:
        read.append(number)
        return {"ref": f"P-{number}", "notes": PROSE * 30}

    rows = answers.gathered(range(50), row)
    assert read == list(range(len(rows)))
    assert len(rows) < 50
    assert estimate(answers.text(answers.table(rows))) <= answers.TOKENS
