"""What reaches a room, and what is stopped before it."""

import pytest
from pydantic import TypeAdapter, ValidationError

from mcp_server import arguments
from mcp_server.arguments import Changes, Object, Refs, Texts
from onefirm.core.errors import InvalidInput


@pytest.mark.parametrize("sent", [["P-1", "P-2"], '["P-1", "P-2"]', "P-1, P-2", "P-1,P-2,"])
def test_refs_are_read_from_a_list_its_json_text_or_a_line(sent: object) -> None:
    assert TypeAdapter(Refs).validate_python(sent) == ["P-1", "P-2"]


def test_one_bare_ref_is_a_list_of_one() -> None:
    assert TypeAdapter(Refs).validate_python("P-1") == ["P-1"]


def test_a_sentence_with_commas_stays_one_alternative() -> None:
    assert TypeAdapter(Texts).validate_python("cheaper, but slower") == ["cheaper, but slower"]


@pytest.mark.parametrize("sent", [{"due": None}, '{"due": null}'])
def test_an_object_is_read_from_its_json_text_too(sent: object) -> None:
    assert TypeAdapter(Object).validate_python(sent) == {"due": None}


@pytest.mark.parametrize(
    "sent",
    [
        [{"op": "archive", "ref": "T-1"}],
        {"op": "archive", "ref": "T-1"},
        '[{"op": "archive", "ref": "T-1"}]',
        '{"op": "archive", "ref": "T-1"}',
    ],
)
def test_changes_are_read_from_a_list_one_object_or_their_json_text(sent: object) -> None:
    (change,) = TypeAdapter(Changes).validate_python(sent)
    assert (change.op, change.ref, change.set) == ("archive", "T-1", {})


@pytest.mark.parametrize("sent", ["[" * 100_000, "not json", 5, [], [5]])
def test_what_is_no_list_of_changes_is_refused(sent: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Changes).validate_python(sent)


def test_honest_arguments_pass() -> None:
    arguments.check({"set": {"title": "Ärger, 漢字 🚀\nsecond line\tend"}, "refs": ["P-1"], "n": 3, "flag": True})


def test_a_text_of_a_megabyte_is_refused_by_its_name_and_length() -> None:
    with pytest.raises(InvalidInput, match=r"changes\[0\].set.title has 1,048,576 characters; at most 20,000"):
        arguments.check({"changes": [{"set": {"title": "x" * 2**20}}]})


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\ud800"])
def test_a_control_character_is_refused_by_its_number(character: str) -> None:
    with pytest.raises(InvalidInput, match=rf"text holds a control character \(U\+{ord(character):04X}\)"):
        arguments.check({"text": f"a{character}b"})


def test_a_control_character_in_a_name_is_refused_too() -> None:
    with pytest.raises(InvalidInput, match="control character"):
        arguments.check({"set": {"du\x1be": "2026-12-01"}})


def test_deep_nesting_is_refused() -> None:
    deep: object = "bottom"
    for _ in range(500):
        deep = [deep]
    with pytest.raises(InvalidInput, match="nested deeper than 8"):
        arguments.check({"where": deep})


def test_a_flood_of_values_is_refused() -> None:
    with pytest.raises(InvalidInput, match="more than 5000 values"):
        arguments.check({"refs": ["P-1"] * 10_000})
