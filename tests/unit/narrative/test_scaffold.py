"""A new file of the tree has its place at once, whatever the tree looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefirm.core.errors import InvalidInput, Refused
from onefirm.narrative import scaffold
from support.context_tree import ACME, CLIENTS, WHOLE, changed, faults, index, world

NAMES = st.text("abAB é-_.&([#%@'", min_size=1, max_size=8)
FOLDERS = st.sampled_from(["context", "context/clients", "context/clients/acme"])
WORDS = st.text("abcé [](){}<>`|@#*_-.\\\\&", min_size=1, max_size=12)
NEW = st.tuples(FOLDERS, st.lists(NAMES, min_size=1, max_size=2), st.booleans(), WORDS, st.booleans())


def made(texts: dict[str, str], path: str, title: str, said: str, ref: str = "") -> dict[str, str]:
    new = scaffold.plan(index(texts), path, title, said, ref)
    assert new.parent_before == texts[new.parent]
    return {**texts, new.path: new.text, new.parent: new.parent_text}


@given(st.lists(NEW, max_size=6))
def test_a_tree_that_is_made_by_new_is_clean_and_loses_no_line(
    wanted: list[tuple[str, list[str], bool, str, bool]],
) -> None:
    texts = dict(WHOLE)
    for folder, names, is_folder, title, has_record in wanted:
        before, why = texts, ""
        try:
            path = scaffold.path_of("/".join([folder, *names]) + ("" if is_folder else ".md"))
            texts = made(texts, path, title, "what it is", "P-1" if has_record else "")
        except InvalidInput:  # no title, or no place
            continue
        except Refused as refused:
            why = refused.message
        assert not why or why.endswith("is there already.")
        for name, text in before.items():
            assert set(text.split("\n")) <= set(texts[name].split("\n"))
    assert faults(texts, world(root_tokens=20_000, chain_tokens=99_999)) == []


def test_the_line_goes_behind_the_last_child_with_all_that_belongs_to_it() -> None:
    texts = changed(CLIENTS, "rockets\n", "rockets\n  and their smoke\n\nMore words.\n")
    after = made(texts, "context/clients/bert/CLAUDE.md", "Bert", "hats")[CLIENTS]
    assert "rockets\n  and their smoke\n- [Bert](bert/CLAUDE.md): hats\n\nMore words.\n" in after


SECTIONS = (
    "# Acme\n\nRecord: CL-1\nParent: [Clients](../CLAUDE.md)\n\nThey count.\n\n## Why\n\n## Open threads\n\n- rope\n"
)


def test_the_first_child_is_named_before_the_sections_and_the_next_behind_it() -> None:
    texts = {**WHOLE, ACME: SECTIONS}
    for name in ("a", "b"):
        texts = made(texts, f"context/clients/acme/{name}.md", name.upper(), "what it is")
    assert "They count.\n\n- [A](a.md): what it is\n- [B](b.md): what it is\n\n## Why\n" in texts[ACME]
    assert texts[ACME].endswith("## Open threads\n\n- rope\n")
    assert faults(texts) == []


@pytest.mark.parametrize(
    ("sections", "then"),
    [
        (
            "## Why\n\n## Projects\n\n\n## Open threads\n",
            "## Projects\n\n- [A](a.md): what it is\n\n\n## Open threads\n",
        ),
        ("## Why\n\n## Projects\n", "## Projects\n\n- [A](a.md): what it is\n"),
        ("## Projects\n\nTwo a year.\n", "They count.\n\n- [A](a.md): what it is\n\n## Projects\n"),
        ("## Projects\n\n### Old\n\n- x\n", "They count.\n\n- [A](a.md): what it is\n\n## Projects\n"),
    ],
)
def test_the_first_child_goes_into_an_empty_section_that_is_called_after_children(sections: str, then: str) -> None:
    text = f"# Acme\n\nRecord: CL-1\nParent: [Clients](../CLAUDE.md)\n\nThey count.\n\n{sections}"
    texts = made({**WHOLE, ACME: text}, "context/clients/acme/a.md", "A", "what it is")
    assert then in texts[ACME]
    assert faults(texts) == []


@pytest.mark.parametrize(
    "text",
    [
        "# Acme\n\nRecord: CL-1\nParent: [Clients](../CLAUDE.md)\n\n```\n## code\n```\n",
        "# Acme\n\n## About\n\nRecord: CL-1\nParent: [Clients](../CLAUDE.md)\n",
        "---\n## front\nRecord: CL-1\n---\n# Acme\nParent: [Clients](../CLAUDE.md)\n",
    ],
)
def test_a_heading_in_code_or_above_the_head_is_no_section(text: str) -> None:
    texts = made({**WHOLE, ACME: text}, "context/clients/acme/a.md", "A", "what it is")
    assert texts[ACME] == f"{text}\n- [A](a.md): what it is\n"
    assert faults(texts) == []


def test_a_sign_of_a_comment_in_title_or_line_hides_nothing_behind_it() -> None:
    texts = made(WHOLE, "context/clients/bert/CLAUDE.md", "Bert <!-- or", "see <!-- open", "P-1")
    texts = made(texts, "context/clients/carl.md", "Carl", "closes --> it")
    assert "](bert/CLAUDE.md): see <! -- open\n- [Carl](carl.md): closes -- > it\n" in texts[CLIENTS]
    assert faults(texts) == []


@pytest.mark.parametrize("to", ["gone.md", "../../../out.md", "/etc/hosts"])
def test_a_line_that_links_to_nothing_is_refused(to: str) -> None:
    with pytest.raises(InvalidInput, match="which isn't there") as refused:
        made(WHOLE, "context/clients/bert.md", "Bert", f"see [this]({to})")
    assert CLIENTS in refused.value.hint
    told = "see [there](acme/CLAUDE.md), [here](https://x.example) and [the list](../list.pdf)"
    plan = scaffold.plan(
        index(WHOLE), "context/clients/bert.md", "Bert", told, exists={"context/list.pdf"}.__contains__
    )
    assert told in plan.parent_text


def test_a_line_that_outlived_its_file_is_used_again() -> None:
    texts = made({path: text for path, text in WHOLE.items() if path != ACME}, ACME, "Acme", "hats", "CL-1")
    assert texts[CLIENTS] == WHOLE[CLIENTS]
    assert faults(texts) == []


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_parent_keeps_its_line_ends(end: str) -> None:
    texts = {**WHOLE, CLIENTS: WHOLE[CLIENTS].rstrip().replace("\n", end or "\n") + end}
    after = made(texts, "context/clients/bert.md", "Bert", "hats")[CLIENTS]
    assert after.startswith(texts[CLIENTS])
    assert after.endswith(f"rockets{end or chr(10)}- [Bert](bert.md): hats{end or chr(10)}")


def test_a_parent_with_an_open_comment_at_its_end_is_left_alone() -> None:
    texts = {**WHOLE, "context/CLAUDE.md": "# The firm\n\n<!-- never closed\n-->\n```\nopen\n```\n"}
    assert made(texts, "context/a.md", "A", "a")["context/CLAUDE.md"].endswith("- [A](a.md): a\n")
    with pytest.raises(Refused, match="is there already"):
        made(texts, CLIENTS, "Clients", "again")
    with pytest.raises(Refused, match="no CLAUDE"):
        made({}, "context/a.md", "A", "a")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Élan & Sons [Lyon]", "elan-sons-lyon"),
        ("東京", "p-1"),
        ("Jürgen Weiß", "jurgen-weiss"),
        ("a" * 99, "a" * 60),
        ("..", "p-1"),
    ],
)
def test_a_title_becomes_the_name_of_a_folder(title: str, name: str) -> None:
    assert scaffold.folder_name(title, "P-1") == name
