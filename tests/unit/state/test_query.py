"""Finding records, on both databases."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from contract.office import Office, open_office
from contract.stores import sqlite_url
from onefirm.core.errors import InvalidInput, NotFound
from onefirm.state.records import Change, Query
from onefirm.store.engine import Store
from support.clock import FixedClock
from support.postgres import Postgres


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A firm for tests that change nothing."""
    if request.param == "sqlite":
        yield (office := founded(sqlite_url(tmp_path_factory.mktemp("books"))))
        office.store.close()
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    with server.database(request.getfixturevalue("postgres_template")) as url:
        yield (office := founded(url))
        office.store.close()


@pytest.fixture
def own_books(database: str) -> Iterator[Office]:
    """A firm of the test's own."""
    yield (office := founded(database))
    office.store.close()


def founded(url: str) -> Office:
    """A small firm: two clients, three projects, twelve tasks, three invoices."""
    office = open_office(Store.open(url), FixedClock())
    office.write(
        Change("create", kind="client", set={"title": "Nordlicht Optik", "industry": "Retail", "owner": "Änne Öz"}),
        Change("create", kind="client", set={"title": "Harbour & Sons", "status": "paused"}),
    )
    projects: list[dict[str, Any]] = [
        {"title": "Shop", "client": "CL-1", "budget": "900 EUR", "due": "2026-12-01"},
        {"title": "Audit", "client": "CL-2", "budget": "12000 EUR", "priority": "high"},
        {"title": "Old shop", "client": "CL-1", "status": "done", "budget": "500 USD"},
    ]
    office.write(*(Change("create", kind="project", set=project) for project in projects))
    office.create("prospect", title="Bakery", follow_up="2026-11-30", client="CL-1")
    tasks = [
        {"title": f"Task {n:02}", "project": f"P-{n % 2 + 1}", "owner": "anna" if n % 3 else "Bert",
         "due": f"2026-12-{n + 1:02}" if n % 4 else None, "priority": ("low", "normal", "high", "urgent")[n % 4]}
        for n in range(12)
    ]  # fmt: skip
    office.write(*(Change("create", kind="task", set=task) for task in tasks))
    office.update("T-12", blocked_by=["T-1", "T-11"], status="blocked")
    office.write(Change("archive", ref="T-2"))
    return office


def refs(books: Office, **query: Any) -> list[str]:
    return [row.ref for row in books.records.find(Query(**{"limit": 100, **query})).rows]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"status": "discovery"}, {"P-1", "P-2"}),
        ({"Status": ["discovery", "done"]}, {"P-1", "P-2", "P-3"}),
        ({"status!=": "discovery"}, {"P-3"}),
        ({"priority": "HIGH"}, {"P-2"}),
        ({"client": "cl-1"}, {"P-1", "P-3"}),
        ({"client!=": "CL-1"}, {"P-2"}),
        ({"due": None}, {"P-2", "P-3"}),
        ({"due!=": None}, {"P-1"}),
        ({"due<=": "2026-12-01"}, {"P-1"}),
        ({"due <": "2026-12-01"}, set()),
        ({"deadline >=": "2026-12-01"}, {"P-1"}),
        ({"budget>": "800 EUR"}, {"P-1", "P-2"}),
        ({"budget>=": 900, "budget<": "1000 EUR"}, {"P-1"}),
        ({"budget": "500 USD"}, {"P-3"}),
        ({"open": True}, {"P-1", "P-2"}),
        ({"open": False}, {"P-3"}),
        ({"title": "shop"}, {"P-1"}),
        ({"status": []}, set()),
        ({"status": "discovery", "client": "CL-2"}, {"P-2"}),
    ],
)
def test_conditions(books: Office, where: Mapping[str, Any], found: set[str]) -> None:
    assert set(refs(books, kind="project", where=where)) == found


def test_a_condition_over_all_kinds_uses_what_they_share(books: Office) -> None:
    assert set(refs(books, where={"client": "CL-1"})) == {"P-1", "P-3", "PR-1"}
    assert set(refs(books, where={"status": "blocked"})) == {"T-12"}
    assert set(refs(books, where={"due<=": "2026-12-01"})) == {"P-1", "PR-1"}, "each kind's own deadline"
    assert set(refs(books, kind="prospect", where={"follow_up<": "2026-12-01"})) == {"PR-1"}
    assert "P-3" not in refs(books, where={"open": True})


def test_a_missing_value_differs_from_every_value(books: Office) -> None:
    assert set(refs(books, kind="client", where={"industry!=": "Retail"})) == {"CL-2"}


def test_a_relation_to_many_is_found_by_each_of_them(books: Office) -> None:
    assert refs(books, kind="task", where={"blocked_by": "T-1"}) == ["T-12"]
    assert refs(books, kind="task", where={"blocked_by": ["T-11", "T-3"]}) == ["T-12"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("shop", {"P-1", "P-3"}),
        ("SHOP old", {"P-3"}),
        ("harbour sons", {"CL-2"}),
        ("änne", {"CL-1"}),
        ("ÖZ", {"CL-1"}),
        ("retail", {"CL-1"}),
        ("100%", set()),
        ("_", set()),
        ("' or 1=1 --", set()),
        ("P-2", {"P-2"}),
    ],
)
def test_text_finds_words_in_titles_and_other_texts(books: Office, text: str, found: set[str]) -> None:
    assert set(refs(books, text=text, where={"status!=": ["todo", "blocked"]})) == found


def test_about_finds_what_points_at_a_record(books: Office) -> None:
    assert set(refs(books, about="CL-1")) == {"P-1", "P-3", "PR-1"}
    assert set(refs(books, about="cl-1", kind="project")) == {"P-1", "P-3"}
    assert refs(books, about="T-11") == ["T-12"]
    with pytest.raises(NotFound):
        refs(books, about="CL-9")


def test_archived_ones_are_shown_when_asked_for(books: Office) -> None:
    assert "T-2" not in refs(books, kind="task")
    assert refs(books, kind="task", archived=True) == ["T-2"]
    assert len(refs(books, kind="task", archived=None)) == 12


class TestOrder:
    def test_what_is_due_first_comes_first_then_by_number(self, books: Office) -> None:
        assert refs(books, kind="task") == [
            "T-3", "T-4", "T-6", "T-7", "T-8", "T-10", "T-11", "T-12", "T-1", "T-5", "T-9",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("sort", "first", "last"),
        [
            ("title", "T-1", "T-12"), ("-title", "T-12", "T-1"), ("-due", "T-12", "T-9"), ("priority", "T-1", "T-12"),
            ("-priority", "T-4", "T-9"), ("ref", "T-1", "T-12"), ("-ref", "T-12", "T-1"), ("owner", "T-1", "T-12"),
            ("status", "T-12", "T-11"), ("updated_at", "T-1", "T-12"), ("blocked_by", "T-12", "T-11"),
        ],
    )  # fmt: skip
    def test_sorting(self, books: Office, sort: str, first: str, last: str) -> None:
        found = refs(books, kind="task", sort=sort)
        assert (found[0], found[-1]) == (first, last)

    def test_amounts_sort_as_amounts_and_missing_ones_last(self, books: Office) -> None:
        assert refs(books, kind="project", sort="budget") == ["P-3", "P-1", "P-2"]
        assert refs(books, kind="project", sort="-budget") == ["P-2", "P-1", "P-3"]

    @pytest.mark.parametrize(
        "sort", [None, "title", "-due", "priority", "-priority", "owner", "-ref", "kind", "-updated_at"]
    )
    @pytest.mark.parametrize("limit", [1, 5])
    def test_pages_join_to_the_whole_without_gap_or_repetition(
        self, books: Office, sort: str | None, limit: int
    ) -> None:
        whole = refs(books, sort=sort)
        joined, cursor = [], None
        for _ in range(40):
            page = books.records.find(Query(sort=sort, limit=limit, cursor=cursor))
            assert page.total == len(whole)
            joined += [row.ref for row in page.rows]
            if (cursor := page.cursor) is None:
                break
        assert joined == whole

    def test_a_row_that_comes_in_between_does_not_disturb_the_pages(self, own_books: Office) -> None:
        first = own_books.records.find(Query(kind="task", limit=4))
        own_books.create("task", due="2026-12-01", title="Squeezed in before")
        second = own_books.records.find(Query(kind="task", limit=4, cursor=first.cursor))
        assert [row.ref for row in second.rows] == ["T-8", "T-10", "T-11", "T-12"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"kind": "tusk"}, "closest first: task"),
        ({"where": {"colour": "red"}}, "No kind of record has a property “colour”"),
        ({"kind": "task", "where": {"budget": "1 EUR"}}, "A task has no property “budget”"),
        ({"kind": "task", "where": {"due<": "soon"}}, "not a date"),
        ({"kind": "task", "where": {"owner<": "B"}}, "can't be compared"),
        ({"kind": "task", "where": {"due<": None}}, "can't be compared"),
        ({"kind": "task", "where": {"status": "finished"}}, "Its statuses"),
        ({"where": {"status": "finished"}}, "No kind of record has a status"),
        ({"where": {"open": "yes"}}, "true or false"),
        ({"sort": "colour"}, "No kind"),
        ({"limit": 0}, "1 to 500"),
        ({"limit": 501}, "1 to 500"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "WyJhYmMiXQ"}, "cursor"),
        ({"text": "x" * 300}, "longer than"),
        ({"about": "nothing"}, "not a ref"),
        ({"where": {"client": "P-1"}, "kind": "project"}, "points at a client"),
    ],
)
def test_what_can_not_be_understood_is_said(books: Office, query: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        books.records.find(Query(**query))
    assert said in str(refused.value)


def test_a_cursor_belongs_to_its_query(books: Office) -> None:
    cursor = books.records.find(Query(kind="task", limit=2)).cursor
    with pytest.raises(InvalidInput, match="doesn't belong to this query"):
        books.records.find(Query(kind="project", limit=2, cursor=cursor))
    assert books.records.find(Query(kind="task", limit=9, cursor=cursor)).rows


def test_found_rows_show_what_waits_for_them(remote: Office) -> None:
    ref = remote.create("task")
    remote.slow.down = True
    remote.update(ref, owner="Anna")
    (row,) = remote.records.find(Query(kind="task")).rows
    assert row.pending == {"owner": "Anna"}
    assert "owner" not in row.props


def test_values_are_presented_in_the_schemas_order(books: Office) -> None:
    (row,) = books.records.find(Query(kind="project", where={"title": "Audit"})).rows
    assert list(books.records.present(row).items()) == [
        ("title", "Audit"), ("status", "discovery"), ("client", "CL-2"), ("priority", "high"),
        ("budget", "12000.00 EUR"),
    ]  # fmt: skip
