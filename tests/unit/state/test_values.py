"""Values by themselves: what is read of what is sent, and what is shown."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.office import SCHEMA
from onefirm.core.errors import InvalidInput
from onefirm.state import values
from onefirm.state.schema import Property, PropertyType
from onefirm.state.values import Reading

READING = Reading(SCHEMA, "Europe/Berlin", "EUR", lambda text: "an API key" if "sk-" in text else None)
TASK = SCHEMA.kinds["task"]
TYPES: dict[PropertyType, Property] = {
    "text": Property("note", "text"),
    "choice": Property("size", "choice", options=("Small", "large")),
    "status": Property("status", "status"),
    "date": Property("due", "date"),
    "money": Property("amount", "money"),
    "relation": Property("client", "relation", to="client"),
    "number": Property("hours", "number"),
    "email": Property("email", "email"),
    "url": Property("url", "url"),
    "checkbox": Property("paid", "checkbox"),
}
MANY = Property("blocked_by", "relation", to="task", many=True)


def read(kind: PropertyType, raw: object) -> Any:
    return values.read(READING, TASK, TYPES[kind], raw)


@pytest.mark.parametrize(
    ("kind", "raw", "stored"),
    [
        ("text", "  plain  ", "plain"),
        ("text", "two\r\nlines", "two\nlines"),
        ("text", 42, "42"),
        ("choice", "SMALL", "Small"),
        ("choice", " large ", "large"),
        ("status", "To Do", None),
        ("status", "TODO", "todo"),
        ("date", "2026-12-01", "2026-12-01"),
        ("date", date(2026, 12, 1), "2026-12-01"),
        ("date", "24.12.2026", "2026-12-24"),
        ("date", "1. 2. 2026", "2026-02-01"),
        ("date", "31.02.2026", None),
        ("date", "2026-12-01T23:30:00Z", "2026-12-02"),  # in Berlin
        ("date", datetime(2026, 12, 1, 23, 30, tzinfo=UTC), "2026-12-02"),
        ("date", "2026-12-01T23:30:00", "2026-12-01"),
        ("money", "1250.00 EUR", {"minor": 125000, "currency": "EUR"}),
        ("money", "1,250.5", {"minor": 125050, "currency": "EUR"}),
        ("money", 1250, {"minor": 125000, "currency": "EUR"}),
        ("money", 12.5, {"minor": 1250, "currency": "EUR"}),
        ("money", "¥", None),
        ("money", "1000 JPY", {"minor": 1000, "currency": "JPY"}),
        ("money", {"minor": 5, "currency": "usd"}, {"minor": 5, "currency": "USD"}),
        ("money", {"amount": "12.50", "currency": "USD"}, {"minor": 1250, "currency": "USD"}),
        ("money", '{"minor": 5, "currency": "EUR"}', {"minor": 5, "currency": "EUR"}),
        ("money", {"minor": 10**16, "currency": "EUR"}, None),
        ("money", {"minor": 5, "amount": 1}, None),
        ("money", {"minor": True, "currency": "EUR"}, None),
        ("money", "NaN EUR", None),
        ("money", float("inf"), None),
        ("relation", "cl-1", "CL-1"),
        ("relation", ["CL-1"], "CL-1"),
        ("relation", "CL-1 CL-2", None),
        ("relation", "P-1", None),
        ("relation", 7, None),
        ("number", "12.5", 12.5),
        ("number", 12.0, 12),
        ("number", "12,5", 12.5),
        ("number", "1.250,5", 1250.5),
        ("number", "1.125", 1.125),
        ("number", "1.2500", 1.25),
        ("number", "1.250", None),
        ("number", "1,250", None),
        ("number", True, None),
        ("number", "1e999", None),
        ("number", "nan", None),
        ("number", 10**400, None),
        ("email", "anna@firm.example", "anna@firm.example"),
        ("email", "anna at firm", None),
        ("email", "a@b@c.example", None),
        ("url", "https://firm.example/a?b=1", "https://firm.example/a?b=1"),
        ("url", "javascript:alert(1)", None),
        ("url", "https://", None),
        ("checkbox", True, True),
        ("checkbox", "No", False),
        ("checkbox", 1, True),
        ("checkbox", 2, None),
        ("checkbox", "perhaps", None),
    ],
)
def test_what_is_read_of_what_is_sent(kind: PropertyType, raw: object, stored: object) -> None:
    if stored is None:
        with pytest.raises(InvalidInput) as refused:
            read(kind, raw)
        assert refused.value.hint
        assert TYPES[kind].name in refused.value.message or kind == "status"
    else:
        assert read(kind, raw) == stored


@pytest.mark.parametrize("empty", [None, "", "  ", []])
@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "status"])
def test_nothing_clears(kind: PropertyType, empty: object) -> None:
    assert read(kind, empty) is None


@pytest.mark.parametrize("raw", [["T-1", "t-2", "T-1"], '["T-1", "T-2"]', "T-1, T-2", "T-1 T-2", ("T-1", "T-2")])
def test_many_refs_come_in_many_forms(raw: object) -> None:
    assert values.read(READING, TASK, MANY, raw) == ["T-1", "T-2"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("03/04/2026", "2026-04-03 or 2026-03-04"), ("24/12/2026", "2026-12-24"), ("24.12.26", "2026-12-24"),
     ("24-12-2026", "2026-12-24"), ("31.02.2026", "2026-11-21"), ("soon", "2026-11-21")],
)  # fmt: skip
def test_a_day_that_may_be_another_is_refused_with_the_days_it_may_be(word: str, meant: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read("date", word)
    assert refused.value.hint == f"Write it as {meant}."


def test_too_many_refs_are_refused() -> None:
    with pytest.raises(InvalidInput, match="101 records; the limit is 100"):
        values.read(READING, TASK, MANY, [f"T-{n}" for n in range(1, 102)])


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\ud800"])
def test_characters_that_steer_a_terminal_or_hide_text_are_refused(char: str) -> None:
    with pytest.raises(InvalidInput, match=f"U\\+{ord(char):04X}"):
        read("text", f"a{char}b")


def test_line_breaks_belong_in_texts_and_not_in_titles() -> None:
    assert read("text", "a\n\tb") == "a\n\tb"
    with pytest.raises(InvalidInput, match="line break"):
        values.read(READING, TASK, TASK.properties["title"], "a\nb")


def test_scripts_and_symbols_of_all_kinds_are_kept() -> None:
    text = "Größe 日本語 עברית العربية 👩‍🔬 é"
    assert read("text", text) == text


def test_what_was_sent_is_quoted_without_what_steers_a_terminal() -> None:
    with pytest.raises(InvalidInput, match="“�\\[31mred�\\[0m” is not a date"):
        read("date", "\x1b[31mred\x1b[0m")


def test_a_secret_is_named_and_not_repeated() -> None:
    with pytest.raises(InvalidInput, match=r"note holds an API key.*secrets store") as refused:
        read("text", "sk-12345")
    assert "12345" not in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


def read_or_refused(prop: Property, raw: object) -> tuple[Any, str]:
    try:
        return values.read(READING, TASK, prop, raw), ""
    except InvalidInput as refused:
        return None, str(refused)


@pytest.mark.parametrize("prop", [*TYPES.values(), MANY], ids=lambda prop: prop.type)
@given(raw=JSON)
def test_whatever_is_sent_is_read_or_refused_in_a_short_sentence(prop: Property, raw: object) -> None:
    stored, said = read_or_refused(prop, raw)
    if said:
        assert len(said) < 700
        assert all(char.isprintable() or char == "\n" for char in said.replace("\xa0", " ") if ord(char) < 0xA0)
        return
    assert values.read(READING, TASK, prop, stored) == stored, "what is stored reads as itself"
    values.show(stored)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_money_that_is_shown_reads_back(minor: int, currency: str) -> None:
    stored = {"minor": minor, "currency": currency}
    assert read("money", values.show(stored)) == stored
