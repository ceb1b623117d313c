"""The two ways of a value: everything of ours comes back as it was, everything of Notion's can be read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefirm.core import canonical
from onefirm.core.currencies import CURRENCIES
from onefirm.state.schema import Property, PropertyType
from onefirm.state.truth.notion.mapping import HOLDS, READ_ONLY, Column, Option
from onefirm.state.truth.notion.values import LONGEST_CONTENT, Unfit, ids_of, is_cut, read, show, text_items, write

BERLIN = "Europe/Berlin"
PAGE = "1f0c7a10-0000-4000-8000-00000000000a"
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=60).filter(
    lambda text: not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
)


def back(prop: Property, column: Column, stored: Any) -> Any:
    """What is read of what was written, on its way through JSON."""
    sent = json.loads(json.dumps(write(prop, column, stored)))
    return read(prop, column, {"id": column.id, "type": column.type, **sent}, BERLIN)


def column(type_: Any, **parts: Any) -> Column:
    return Column("Theirs", "abc", type_, **parts)


class TestEveryValueOfOursComesBack:
    @given(st.sampled_from(["rich_text", "title"]), TEXTS)
    def test_a_text_comes_back(self, type_: str, text: str) -> None:
        assert back(Property("note", "text"), column(type_), text) == text

    def test_text_longer_than_one_element_holds(self) -> None:
        text = "🙂 Größe\n" * 1000
        pieces = text_items(text)
        assert len(pieces) > 1
        assert all(len(p["text"]["content"].encode("utf-16-le")) // 2 <= LONGEST_CONTENT for p in pieces)
        assert back(Property("note", "text"), column("rich_text"), text) == text

    def test_text_beyond_a_hundred_elements_is_refused_before_anything_is_sent(self) -> None:
        with pytest.raises(Unfit, match="more than Notion holds"):
            text_items("x" * (LONGEST_CONTENT * 100 + 1))

    @given(st.integers(-(10**15), 10**15), st.sampled_from(CURRENCIES), st.sampled_from(["number", "rich_text"]))
    def test_an_amount_comes_back(self, minor: int, currency: str, type_: str) -> None:
        stored = {"minor": minor, "currency": currency}
        assert back(Property("amount", "money"), column(type_, currency=currency), stored) == stored

    @given(st.dates())
    def test_a_date_comes_back(self, day: Any) -> None:
        assert back(Property("due", "date"), column("date"), day.isoformat()) == day.isoformat()

    @given(st.integers(-(10**15), 10**15) | st.floats(-(10**9), 10**9).filter(lambda n: not n.is_integer()))
    def test_a_number_comes_back(self, number: float) -> None:
        assert back(Property("hours", "number"), column("number"), number) == number

    @pytest.mark.parametrize("odd", ["NaN", "sNaN", "-Infinity", "1e99999999", "a dozen"])
    def test_a_text_that_is_no_number_is_none(self, odd: str) -> None:
        value = {"type": "rich_text", "rich_text": [{"plain_text": odd}]}
        assert read(Property("hours", "number"), column("rich_text"), value, BERLIN) is None

    @pytest.mark.parametrize("flag", [True, False])
    def test_a_checkbox_comes_back(self, flag: bool) -> None:
        assert back(Property("paid", "checkbox"), column("checkbox"), flag) is flag

    @pytest.mark.parametrize(("type_", "value"), [("email", "a@b.example"), ("url", "https://b.example/x?y=1")])
    def test_an_address_comes_back(self, type_: PropertyType, value: str) -> None:
        assert back(Property("at", type_), column(type_), value) == value

    def test_a_relation_comes_back(self) -> None:
        assert back(Property("blocked_by", "relation", many=True), column("relation"), [PAGE, PAGE[::-1]]) == [
            PAGE, PAGE[::-1],
        ]  # fmt: skip

    @pytest.mark.parametrize("type_", ["status", "select"])
    def test_options_by_their_mapping(self, type_: str) -> None:
        mapped = column(type_, options={"todo": (Option("Not started", "o1"),), "doing": (Option("In progress"),)})
        assert write(Property("status", "status"), mapped, "doing") == {type_: {"name": "In progress"}}
        assert back(Property("status", "status"), mapped, "doing") == "doing"

    @pytest.mark.parametrize("our", HOLDS)
    def test_nothing_comes_back_as_nothing(self, our: PropertyType) -> None:
        for type_ in HOLDS[our]:
            if type_ not in READ_ONLY:
                nothing = False if our == "checkbox" else None
                assert back(Property("x", our), column(type_, currency="EUR"), None) == nothing


class TestOptions:
    STATUS = Property("status", "status")
    MAPPED = column("status", options={"doing": (Option("In progress", "o2"), Option("Review"))})

    def read(self, **option: str) -> Any:
        return read(self.STATUS, self.MAPPED, {"type": "status", "status": option}, BERLIN)

    def test_one_that_was_renamed_is_known_by_its_id(self) -> None:
        assert self.read(id="o2", name="Working") == "doing"

    def test_several_of_theirs_may_mean_one_of_ours(self) -> None:
        assert self.read(id="o9", name="review") == "doing"
        assert write(self.STATUS, self.MAPPED, "doing") == {"status": {"id": "o2"}}, "it may be called otherwise by now"

    def test_one_that_the_mapping_does_not_know_is_kept_as_it_is(self) -> None:
        assert self.read(id="o7", name="On ice") == "On ice"
        assert write(self.STATUS, self.MAPPED, "On ice") == {"status": {"name": "On ice"}}


class TestDates:
    DUE = Property("due", "date")

    def test_a_moment_is_the_day_that_it_is_in_the_firm(self) -> None:
        value = {"type": "date", "date": {"start": "2026-12-01T23:30:00.000+00:00", "end": None}}
        assert read(self.DUE, column("date"), value, BERLIN) == "2026-12-02"

    def test_the_end_of_a_span_stays_while_it_can_follow_the_start(self) -> None:
        now = {"type": "date", "date": {"start": "2026-12-01", "end": "2026-12-09"}}
        assert write(self.DUE, column("date"), "2026-12-05", now) == {
            "date": {"start": "2026-12-05", "end": "2026-12-09"}
        }
        assert write(self.DUE, column("date"), "2026-12-10", now) == {"date": {"start": "2026-12-10"}}

    @pytest.mark.parametrize("odd", ["", "soon", "2026-13-01", "9999-12-31T23:59:59-14:00"])
    def test_what_is_no_date_is_none(self, odd: str) -> None:
        assert read(self.DUE, column("date"), {"type": "date", "date": {"start": odd}}, BERLIN) is None


class TestMoney:
    AMOUNT = Property("amount", "money")

    def test_another_currency_than_the_numbers_is_refused_with_a_way_out(self) -> None:
        with pytest.raises(Unfit, match="holds amounts in EUR, not USD; map it to a text"):
            write(self.AMOUNT, column("number", currency="EUR"), {"minor": 100, "currency": "USD"})

    @pytest.mark.parametrize(("number", "minor"), [(19.99, 1999), (0.1 + 0.2, 30), (-5, -500), (12.345, None)])
    def test_a_number_is_read_exactly_or_not_at_all(self, number: float, minor: int | None) -> None:
        read_ = read(self.AMOUNT, column("number", currency="EUR"), {"type": "number", "number": number}, BERLIN)
        assert read_ == (None if minor is None else {"minor": minor, "currency": "EUR"})

    def test_a_text_that_is_no_amount_is_none(self) -> None:
        value = {"type": "rich_text", "rich_text": [{"plain_text": "about 5k"}]}
        assert read(self.AMOUNT, column("rich_text"), value, BERLIN) is None


USER = {"object": "user", "id": PAGE, "name": "Anna"}
EVERY_TYPE: list[tuple[dict[str, Any], str | None]] = [
    ({"type": "title", "title": [{"plain_text": "A "}, {"plain_text": "task"}]}, "A task"),
    ({"type": "rich_text", "rich_text": [{"type": "mention", "plain_text": "@Anna"}]}, "@Anna"),
    ({"type": "rich_text", "rich_text": []}, None),
    ({"type": "number", "number": 12.0}, "12"),
    ({"type": "number", "number": None}, None),
    ({"type": "select", "select": {"name": "High", "color": "red"}}, "High"),
    ({"type": "select", "select": None}, None),
    ({"type": "multi_select", "multi_select": [{"name": "a"}, {"name": "b"}]}, "a, b"),
    ({"type": "status", "status": {"name": "Done"}}, "Done"),
    ({"type": "date", "date": {"start": "2026-12-01", "end": "2026-12-09"}}, "2026-12-01 – 2026-12-09"),
    ({"type": "people", "people": [USER, {"object": "user", "id": "u2"}]}, "Anna, u2"),
    ({"type": "files", "files": [{"name": "a.pdf", "type": "file", "file": {"url": "https://x.example"}}]}, "a.pdf"),
    ({"type": "checkbox", "checkbox": True}, "yes"),
    ({"type": "url", "url": "https://a.example"}, "https://a.example"),
    ({"type": "email", "email": "a@b.example"}, "a@b.example"),
    ({"type": "phone_number", "phone_number": "+49 30 1"}, "+49 30 1"),
    ({"type": "formula", "formula": {"type": "string", "string": "calc"}}, "calc"),
    ({"type": "formula", "formula": {"type": "number", "number": 1.5}}, "1.5"),
    ({"type": "formula", "formula": {"type": "boolean", "boolean": False}}, "no"),
    ({"type": "formula", "formula": {"type": "date", "date": {"start": "2026-12-01"}}}, "2026-12-01"),
    ({"type": "formula", "formula": {"type": "string", "string": None}}, None),
    ({"type": "relation", "relation": [{"id": PAGE}], "has_more": False}, "1 page"),
    ({"type": "relation", "relation": []}, None),
    ({"type": "rollup", "rollup": {"type": "number", "number": 3, "function": "sum"}}, "3"),
    ({"type": "rollup", "rollup": {"type": "date", "date": None, "function": "latest_date"}}, None),
    (
        {
            "type": "rollup",
            "rollup": {
                "type": "array",
                "function": "show_original",
                "array": [{"type": "title", "title": [{"plain_text": "One"}]}, {"type": "number", "number": 2}],
            },
        },
        "One, 2",
    ),
    ({"type": "rollup", "rollup": {"type": "unsupported", "unsupported": {}, "function": "x"}}, None),
    ({"type": "created_time", "created_time": "2026-11-01T10:00:00.000Z"}, "2026-11-01T10:00:00.000Z"),
    ({"type": "last_edited_time", "last_edited_time": "2026-11-01T10:00:00.000Z"}, "2026-11-01T10:00:00.000Z"),
    ({"type": "created_by", "created_by": USER}, "Anna"),
    ({"type": "last_edited_by", "last_edited_by": {"object": "user", "id": "u2"}}, "u2"),
    ({"type": "unique_id", "unique_id": {"prefix": "TASK", "number": 12}}, "TASK-12"),
    ({"type": "unique_id", "unique_id": {"prefix": None, "number": 12}}, "12"),
    ({"type": "unique_id", "unique_id": {"prefix": None, "number": None}}, None),
    ({"type": "button", "button": {}}, None),
    ({"type": "verification", "verification": {"state": "verified", "verified_by": None, "date": None}}, "verified"),
    ({"type": "place", "place": {"lat": 1.0, "lon": 2.0, "name": "Office", "address": None}}, "Office"),
    ({"type": "never heard of", "never heard of": {"a": 1}}, "{'a': 1}"),
]


@pytest.mark.parametrize(("value", "shown"), EVERY_TYPE)
def test_every_type_of_notion_is_shown(value: dict[str, Any], shown: str | None) -> None:
    assert show(value) == shown


@pytest.mark.parametrize("value", [value for value, _ in EVERY_TYPE])
@pytest.mark.parametrize("our", HOLDS)
def test_a_property_whose_type_was_changed_is_read_or_left_out_and_breaks_nothing(
    our: PropertyType, value: dict[str, Any]
) -> None:
    read_ = read(Property("x", our), column("rich_text", currency="EUR"), value, BERLIN)
    canonical.dumps(read_)


@pytest.mark.parametrize("type_", sorted(READ_ONLY))
def test_what_notion_makes_itself_is_never_written(type_: str) -> None:
    with pytest.raises(Unfit, match="Notion itself makes"):
        write(Property("note", "text"), column(type_), "x")


def test_a_title_can_not_steer_a_terminal_or_break_a_database() -> None:
    evil = "A\x00\x1b[31m\u202etask\ud800\nsecond line"
    value = {"type": "title", "title": [{"plain_text": evil}]}
    assert read(Property("title", "text"), column("title"), value, BERLIN) == "A[31mtask second line"


def test_references_beyond_those_shown_are_known_to_be_missing() -> None:
    some = [{"id": f"{n}"} for n in range(25)]
    assert is_cut({"type": "relation", "relation": some, "has_more": True})
    assert is_cut({"type": "relation", "relation": some})
    assert not is_cut({"type": "relation", "relation": some, "has_more": False})
    assert is_cut({"type": "people", "people": some})
    assert is_cut({"type": "rich_text", "rich_text": [{"type": "mention", "plain_text": "@"}] * 25})
    assert not is_cut({"type": "number", "number": 25})
    assert ids_of({"type": "relation", "relation": some})[:2] == ["0", "1"]
