"""The values that everything is built of: refs, ids, instants, amounts, and one spelling for every JSON value."""

import json
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefirm.core import canonical
from onefirm.core.clock import iso, parse_iso, today
from onefirm.core.errors import FirmError, InvalidInput
from onefirm.core.ids import is_temporary, parse_ref, uuid7
from onefirm.core.money import CURRENCIES, Money

# -- refs and ids ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ref"), [("p-12", "P-12"), (" INV-3\n", "INV-3"), ("t-X1A2b", "T-x1a2b"), ("dec-1", "DEC-1")]
)
def test_a_ref_is_read_in_any_case_and_spelled_in_one(text: str, ref: str) -> None:
    assert parse_ref(text) == ref


@pytest.mark.parametrize(
    "text",
    ["", "P", "P-", "-1", "P-0", "P-01", "ABCDE-1", "P-1234567890", "P--1", "P-1/..", "../P-1", "P-１", "Ｐ-1", "P-1\0",
     "P-x", "P-xabc", "P-x1234567890123", "ß-1", "x" * 10_000],
)  # fmt: skip
def test_anything_else_is_no_ref_and_is_not_repeated_at_length(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a ref") as refused:
        parse_ref(text)
    assert len(refused.value.message) < 80


@given(st.text())
def test_reading_a_ref_either_gives_one_or_refuses(text: str) -> None:
    try:
        ref = parse_ref(text)
    except InvalidInput:
        return
    assert parse_ref(ref) == ref


def test_a_ref_given_while_the_truth_was_away_is_known_by_its_x() -> None:
    assert is_temporary("T-x1a2b")
    assert not is_temporary("T-12")


def test_ids_are_uuids_of_version_7_that_sort_by_time() -> None:
    before = datetime.now(UTC)
    made = [uuid7() for _ in range(2_000)]
    assert len(set(made)) == 2_000
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in made} == {(7, uuid.RFC_4122)}
    assert [one[:13] for one in made] == sorted(one[:13] for one in made)
    at = datetime.fromtimestamp(int(made[0].replace("-", "")[:12], 16) / 1000, UTC)
    assert abs(at - before) < timedelta(seconds=5)


# -- time --------------------------------------------------------------------------------------------------------------


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9998, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_an_instant_survives_its_spelling_whatever_its_zone(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_iso(iso(aware)) == aware
    assert len(iso(aware)) == 27


def test_text_order_is_time_order() -> None:
    moments = [datetime(2026, 11, 2, 8, 0, 0, microsecond, UTC) for microsecond in (0, 1, 10, 999_999)]
    moments.insert(0, datetime(900, 1, 1, tzinfo=UTC))
    assert [iso(moment) for moment in moments] == sorted(iso(moment) for moment in moments)


def test_a_plain_date_is_its_first_moment_and_nonsense_is_refused() -> None:
    assert parse_iso("2026-11-21") == datetime(2026, 11, 21, tzinfo=UTC)
    assert parse_iso("2026-11-21T10:00:00+01:00") == datetime(2026, 11, 21, 9, tzinfo=UTC)
    beyond = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-14:00")
    for text in ("", "soon", "2026-13-01", "21.11.2026", *beyond):
        with pytest.raises(InvalidInput, match="is not a date or time"):
            parse_iso(text)


def test_today_depends_on_the_firms_time_zone() -> None:
    late = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)
    assert today(late, "UTC") == date(2026, 11, 2)
    assert today(late, "Europe/Berlin") == date(2026, 11, 3)
    assert today(late, "America/New_York") == date(2026, 11, 2)


# -- money -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minor", "currency", "said"),
    [("1250.00 EUR", 125_000, "EUR", "1250.00 EUR"), ("eur 1,250", 125_000, "EUR", "1250.00 EUR"),
     ("5000 JPY", 5_000, "JPY", "5000 JPY"), ("1.234 KWD", 1_234, "KWD", "1.234 KWD"),
     ("-3.5 USD", -350, "USD", "-3.50 USD"), ("1'000 CHF", 100_000, "CHF", "1000.00 CHF"),
     ("1,250,000.5 EUR", 125_000_050, "EUR", "1250000.50 EUR"), ("0 EUR", 0, "EUR", "0.00 EUR"),
     ("1250,00 EUR", 125_000, "EUR", "1250.00 EUR"), ("1.250,00 €", 125_000, "EUR", "1250.00 EUR"),
     ("€ 1,5", 150, "EUR", "1.50 EUR"), ("-1.250.000,5 EUR", -125_000_050, "EUR", "-1250000.50 EUR"),
     ("1.250.000 EUR", 125_000_000, "EUR", "1250000.00 EUR"), ("CHF 1'250,00", 125_000, "CHF", "1250.00 CHF"),
     ("1\u202f250,00 EUR", 125_000, "EUR", "1250.00 EUR"), ("1250,000 KWD", 1_250_000, "KWD", "1250.000 KWD")],
)  # fmt: skip
def test_an_amount_is_whole_minor_units_of_one_currency(text: str, minor: int, currency: str, said: str) -> None:
    amount = Money.parse(text)
    assert (amount.minor, amount.currency, str(amount)) == (minor, currency, said)


@pytest.mark.parametrize(
    "text", ["", "EUR", "12", "1.005 EUR", "0.5 JPY", "EUR 1 EUR", "1e5 EUR", "1 EURO", "9" * 40 + " EUR", "NaN EUR",
             "1,250,00 EUR", "1.250,000 EUR", "1.25,00 EUR", "0,125 EUR", "1,2500 EUR", "1,250'000 EUR", "12 XYZ",
             "0.500 EUR", "1250.000 EUR", "1,250.000,5 EUR"],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Money.parse(text)


def test_a_comma_that_neither_groups_nor_divides_is_refused_with_the_way_to_write_it() -> None:
    with pytest.raises(InvalidInput) as refused:
        Money.parse("1.25,00 EUR")
    assert refused.value.hint == "Write it as 1250.00 EUR."


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [("1.250 EUR", "1250 EUR", "1.25 EUR"), ("-12.500 USD", "-12500 USD", "-12.5 USD"),
     ("1.250 JPY", "1250 JPY", "1.25 JPY"), ("1,250 KWD", "1250 KWD", "1.25 KWD")],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused_with_both(text: str, one: str, other: str) -> None:
    with pytest.raises(InvalidInput, match="could be") as refused:
        Money.parse(text)
    assert refused.value.hint == f"Write {one} for the one, {other} for the other."
    assert Money.parse(one).minor == int(Decimal(one.split()[0]).scaleb({"JPY": 0, "KWD": 3}.get(one[-3:], 2)))


def test_the_currencies_are_those_of_iso_4217_with_their_minor_units() -> None:
    assert len(CURRENCIES) == len(set(CURRENCIES)) > 150
    assert [str(Money(1_000, one)) for one in ("EUR", "ISK", "TND")] == ["10.00 EUR", "1000 ISK", "1.000 TND"]


def test_a_default_currency_is_used_only_when_none_is_given() -> None:
    assert Money.parse("12", "usd") == Money(1_200, "USD")
    assert Money.parse("12 EUR", "USD") == Money(1_200, "EUR")


@given(st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD", "USD"]))
def test_an_amount_survives_its_spelling(minor: int, currency: str) -> None:
    assert Money.parse(str(Money(minor, currency))) == Money(minor, currency)
    assert Decimal(str(Money(minor, currency)).split()[0]) == Decimal(minor).scaleb(
        -{"JPY": 0, "KWD": 3}.get(currency, 2)
    )


# -- one spelling ------------------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@given(JSON)
def test_a_value_read_back_is_spelled_the_same(value: Any) -> None:
    spelled = canonical.dumps(value)
    assert canonical.dumps(json.loads(spelled)) == spelled
    assert len(canonical.sha256_hex(spelled)) == 64


def test_the_order_of_keys_does_not_matter_and_no_space_is_wasted() -> None:
    assert (
        canonical.dumps({"b": 1, "a": ["ä", None]})
        == canonical.dumps({"a": ["ä", None], "b": 1})
        == '{"a":["ä",null],"b":1}'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_json_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical.dumps({"x": value})


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = FirmError("It is closed.", hint="Open it.")
    assert (str(error), error.message, error.hint) == ("It is closed. Open it.", "It is closed.", "Open it.")
    assert str(FirmError("It is closed.")) == "It is closed."
