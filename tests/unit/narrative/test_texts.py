"""Heads, blocks and light edits."""

import pytest

from onefirm.narrative import blocks, heads, touches


@pytest.mark.parametrize(
    ("text", "refs"),
    [
        ("# A\n\nRecord: P-12\n", ["P-12"]),
        ("# A\n\n**Record:** p-12\n", ["P-12"]),
        ("record : [P-12](x)\n", ["P-12"]),
        ("---\nrecord: P-12\n---\n# A", ["P-12"]),
        ("---\n" + "x: y\n" * 20 + "Record: P-12\n---\n", ["P-12"]),
        ("Records: P-12, CL-3\n", ["P-12", "CL-3"]),
        ("Record: P-Xab12\n", ["P-xab12"]),
        ("\ufeffRecord: P-12\n", ["P-12"]),
        ("Record: P-0\n", []),
        ("# A\n" + "\n" * 12 + "Record: P-12\n", []),
        ("We record: P-12 is loud\n", []),
        ("Recording P-12\n", []),
        ("", []),
    ],
)
def test_the_head_says_whose_a_file_is(text: str, refs: list[str]) -> None:
    assert heads.refs(text) == refs


def test_a_claude_file_is_narrative_by_its_name_in_any_case() -> None:
    assert heads.is_narrative("a/Claude.MD", "")
    assert not heads.is_narrative("a/notes.md", "")


def sentences(text: str) -> list[str]:
    return [unit.text for unit in blocks.sentences(blocks.lines(text))]


def test_sentences_cross_lines_and_do_not_cross_paragraphs_items_or_headings() -> None:
    text = "# Why\n\nOne begins\nhere. Two\n\nThree\n- four\n  goes on\n- five. Six\n> seven\n> too\n"
    assert sentences(text) == ["Why", "One begins here.", "Two", "Three", "four goes on", "five.", "Six", "seven too"]


def test_a_line_broken_on_purpose_ends_a_sentence_and_a_wrapped_one_does_not() -> None:
    assert sentences("Owner: Mira\nThe project is done.") == ["Owner: Mira", "The project is done."]
    assert sentences("If the letter comes\nthe project moves.") == ["If the letter comes the project moves."]
    assert sentences("We asked in May and then\nJana said no.") == ["We asked in May and then Jana said no."]


@pytest.mark.parametrize("text", ["Dr. Okoro came.", "See e.g. Borealis.", "J. Vogel decides.", "It cost 3.50 EUR."])
def test_an_abbreviation_ends_no_sentence(text: str) -> None:
    assert sentences(text) == [text]


def test_a_line_has_its_form_and_what_it_stands_under() -> None:
    text = "---\na: b\n---\n# H\n- i\n1. j\n> q\n| x | y |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\nend"
    assert [(unit.form, unit.text) for unit in blocks.lines(text) if unit.form != "break"] == [
        ("front", "a: b"),
        ("heading", "H"),
        ("item", "i"),
        ("item", "j"),
        ("quote", "q"),
        ("row", "| x | y |"),
        ("row", "| 1 | 2 |"),
        ("code", "code"),
        ("prose", "end"),
    ]
    assert next(unit.under for unit in blocks.lines(text) if "1 | 2" in unit.text) == "| x | y |"


def test_what_is_added_is_counted_and_neither_order_nor_spacing_matters() -> None:
    before, after = blocks.lines("a\nb\nb"), blocks.lines("b\n  a\n\nb\nb\nc")
    assert [unit.text for unit in blocks.added(before, after)] == ["b", "c"]


TEXT = "We recieve angry calls, and teh crew waits. See [the rules](http://a.example/x).\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("recieve", "receive"),
        ("teh", "the"),
        ("crew waits.", "crew waits"),
        ("calls, and", "calls and"),
        ("http://a.example/x", "../rules.md"),
        ("See [", "See\n["),
        ("angry calls", "angry  calls"),
        ("We", "we"),
    ],
)
def test_spacing_punctuation_targets_and_slips_are_light(old: str, new: str) -> None:
    assert touches.is_light(TEXT, TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("angry", "few"),
        ("waits", "does not wait"),
        ("calls.", "calls. More."),
        ("the rules", "the exceptions"),
        ("waits.", "waits?"),
        ("We recieve angry calls, and ", ""),
    ],
)
def test_a_change_of_meaning_is_not(old: str, new: str) -> None:
    assert old not in TEXT or not touches.is_light(TEXT, TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("before", "after", "light"),
    [
        ("Buero", "Büro", True),
        ("isnt", "isn't", True),
        ("its", "it's", True),
        ("recieve", "receive", True),
        ("can", "can't", False),
        ("now", "not", False),
        ("paid", "said", False),
        ("2026", "2027", False),
        ("won", "one", False),
        ("small", "large", False),
        ("is", "iz", False),
        ("discovery", "delivery", False),
    ],
)
def test_a_slip_is_small_and_turns_no_weighty_word(before: str, after: str, light: bool) -> None:
    assert touches.is_typo(before, after) is light


def test_many_small_changes_are_no_slip() -> None:
    text = " ".join(f"word{chr(97 + number)}" for number in range(26))
    assert not touches.is_light(text, text.replace("word", "wort"))
