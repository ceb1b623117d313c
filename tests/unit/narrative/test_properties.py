"""`Property: value` in all its clothes, and what only looks like it."""

import pytest

from onefirm.narrative import properties


@pytest.fixture
def stated(words):
    return lambda line, kind="project": (properties.stated(line, words.kind(kind)) or (None,))[0]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("Status: delivery", "status"),
        ("**Status**: delivery", "status"),
        ("**Status:** delivery", "status"),
        ("STATUS = DONE", "status"),
        ("Status – on hold", "status"),
        ("`due`: 2026-12-01", "due"),
        ("Deadline: next Friday", "due"),
        ("Due date (new): 1 December", "due"),
        ("Owner → Mira", "owner"),
        ("The project's owner: Mira", "owner"),
        ("P-1 status: review", "status"),
        ("Budget: 12,000 EUR", "budget"),
        ("Priority: high", "priority"),
        ("Next step: call Ms Adler about the scope and the dates", "next_action"),
        ("Owner: Mira · Due: 2026-12-01", "owner"),
        ("Jana asked. Due: 2026-12-01", "due"),
        ("<b>Status</b>: delivery", "status"),
        ("<!-- status: delivery -->", "status"),
        ("Client: CL-1 Acme Rockets", "client"),
        ("status:delivery", "status"),
        ("Status: on track", "status"),
    ],
)
def test_these_state_a_property(stated, line: str, key: str) -> None:
    assert stated(line) == key


@pytest.mark.parametrize(
    "line",
    [
        "Status quo: everything by mail.",
        "Due to the strike: no crates.",
        "Deadline: she needs it because the school year begins.",
        "Budget season: in January everybody says no.",
        "Budget: the board looks at cost only, never at value.",
        "Owner: who will it be?",
        "Status: see P-1",
        "Status: kept in the record.",
        "Owner: ask record_get",
        "Priority of the board: cost.",
        "Start: the crew meets at the gate, then walks up.",
        "The owner, Mira, likes dill.",
        "Status:",
        "Due: -",
        "https://example.com/status",
        "Next: the lamps.",
    ],
)
def test_these_do_not(stated, line: str) -> None:
    assert stated(line) is None


def test_each_kind_has_its_own_properties(stated) -> None:
    assert stated("Valid until: 2026-12-31", "proposal") == "valid_until"
    assert stated("Valid until: 2026-12-31", "project") is None
    assert stated("Email: jana@acme.example", "contact") == "email"
    assert stated("Email: she prefers the phone", "contact") is None


def test_a_row_states_a_property_in_two_cells_or_under_a_column_about_a_record(words) -> None:
    kind = words.kind("project")
    assert properties.stated_in_row(["Priority", "high"], ["Property", "Value"], kind, about=False) == (
        "priority",
        "high",
    )
    assert properties.stated_in_row(["P-1", "delivery"], ["Ref", "Status"], kind, about=True) == ("status", "delivery")
    assert properties.stated_in_row(["Mailbox", "Ines"], ["Option", "Owner"], kind, about=False) is None
    assert properties.stated_in_row(["phone rota", "fast"], ["Option", "For"], kind, about=False) is None
