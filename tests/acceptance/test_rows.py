"""Promises and tests hold each other: neither stands alone."""

from pathlib import Path

import pytest

from acceptance.rows import ROWS
from support import marks
from support.marks import Marked, NotALiteral

HERE = Path(__file__).resolve().parent
ACCEPTANCE = [t for t in marks.below(HERE) if not t.place.startswith("test_rows.py")]
CLIENT = marks.below(HERE.parent / "client")


@pytest.mark.parametrize("row", sorted(ROWS))
def test_a_claimed_promise_is_kept_by_a_test(row: str) -> None:
    assert [t.place for t in (*ACCEPTANCE, *CLIENT) if row in t.rows], (
        f"no test is marked row({row!r}): {ROWS[row].promise}"
    )


@pytest.mark.parametrize("row", sorted(row for row in ROWS if row.startswith(("STA", "LED", "NAR"))))
def test_a_promise_about_state_ledger_or_narrative_is_kept_on_notion_too(row: str) -> None:
    assert [t.place for t in ACCEPTANCE if row in t.rows and not t.embedded]


def test_an_acceptance_test_names_its_promise() -> None:
    assert [t.place for t in ACCEPTANCE if not t.rows] == []


def test_no_test_names_a_promise_that_is_not_claimed() -> None:
    assert {t.place: t.rows - ROWS.keys() for t in (*ACCEPTANCE, *CLIENT) if t.rows - ROWS.keys()} == {}


def test_marks_are_read_from_functions_classes_and_modules(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(
        "import pytest\n"
        "pytestmark = [pytest.mark.slow, pytest.mark.row('X-1')]\n"
        "@pytest.mark.embedded('why')\n"
        "@pytest.mark.row('X-2', 'X-3')\n"
        "def test_one(): ...\n"
        "@pytest.mark.row('X-4')\n"
        "class TestGroup:\n"
        "    async def test_two(self): ...\n"
        "def helper(): ...\n"
    )
    assert marks.below(tmp_path) == [
        Marked("test_a.py::test_one", frozenset({"X-1", "X-2", "X-3"}), embedded=True),
        Marked("test_a.py::TestGroup::test_two", frozenset({"X-1", "X-4"})),
    ]


def test_a_mark_that_hides_its_ids_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("@pytest.mark.row(NAME)\ndef test_one(): ...\n")
    with pytest.raises(NotALiteral):
        marks.below(tmp_path)
