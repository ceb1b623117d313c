"""What moves into the archive, and how every link leads where it led."""

import pytest

from onefirm.core.errors import Refused
from onefirm.narrative import archive
from onefirm.narrative.archive import LIST, Listed, Move
from support.context_tree import ACME, CLIENTS, WHOLE, changed, faults, index

MOVES = [Move("context/clients/acme", "context/archive/clients/acme")]
ONE = Listed(ACME, "context/archive/clients/acme/CLAUDE.md", "Acme", CLIENTS)


def moved(texts: dict[str, str]) -> dict[str, str]:
    """The tree once Acme's folder has moved."""
    made = archive.opened(index(texts))
    assert made
    after = {**texts, made.path: made.text, made.parent: made.parent_text}
    after[LIST] = archive.list_with(index(after), MOVES, ONE, "2026-11-21")
    for path in texts:
        new = archive.goes_to(MOVES, path)
        text = after.pop(path)
        kept = archive.without(path, text, [ONE]) if path == new else text
        after[new] = archive.relinked(path, new, kept, MOVES, ONE if path == ACME else None)
    return after


def test_a_whole_tree_is_clean_again() -> None:
    after = moved({**WHOLE, "context/clients/acme/rope.md": "# Rope\n\nParent: [Acme](CLAUDE.md)\n"} | changed(
        ACME, "They count.", "- [Rope](rope.md): what holds\n"))  # fmt: skip
    assert faults(after) == []
    assert after[LIST].endswith("- [Acme](clients/acme/CLAUDE.md): rockets; closed 2026-11-21\n")
    assert "acme" not in after[CLIENTS]
    assert archive.list_with(index(after), MOVES, ONE, "2027-01-01") == after[LIST]
    assert archive.opened(index(after)) is None


@pytest.mark.parametrize(
    ("line", "then"),
    [
        ("[a](acme/CLAUDE.md) and [b](<acme/x y.md#top>)", "[a](../archive/clients/acme/CLAUDE.md) and "
         "[b](<../archive/clients/acme/x%20y.md#top>)"),
        ("[folder](acme)", "[folder](../archive/clients/acme)"),
        ('[a](./acme/a.md "acme/a.md too")', '[a](../archive/clients/acme/a.md "acme/a.md too")'),
        ("[a]: acme/a.md", "[a]: ../archive/clients/acme/a.md"),
        ("See @acme/a.md, please.", "See [a.md](../archive/clients/acme/a.md), please."),
        ("[other](acme-two/CLAUDE.md) [up](../CLAUDE.md) [web](https://a.b/acme)", ""),
        ("`[code](acme/CLAUDE.md)`", ""),
        ("[outside](../../../acme/a.md)", ""),
    ],
)  # fmt: skip
def test_a_link_to_what_moved_follows_and_every_other_stays(line: str, then: str) -> None:
    assert archive.relinked(CLIENTS, CLIENTS, f"# C\r\n\r\n{line}\r\n", MOVES) == f"# C\r\n\r\n{then or line}\r\n"


def test_links_out_of_what_moved_still_lead_there_and_those_inside_are_untouched() -> None:
    text = "[rope](rope.md) @rope.md [up](../CLAUDE.md) ![plan](../../plans/a.png)"
    after = archive.relinked(ACME, ONE.new, text, MOVES)
    assert after == "[rope](rope.md) @rope.md [up](../../../clients/CLAUDE.md) ![plan](../../../plans/a.png)"


def test_what_goes_on_behind_the_parents_line_goes_along() -> None:
    texts = changed(CLIENTS, "rockets\n", "rockets\n  see [how](../how.md)\n- [Bert](bert.md): hats\n")
    after = moved({**texts, "context/how.md": "# How\n", "context/clients/bert.md": "# Bert\n"})
    assert after[LIST].endswith("rockets; closed 2026-11-21\n  see [how](../how.md)\n")
    assert after[CLIENTS].endswith("\n\n- [Bert](bert.md): hats\n")


@pytest.mark.parametrize(
    ("lines", "listed", "left"),
    [
        ("- Our first: [A](acme/CLAUDE.md), and [up](../CLAUDE.md)",
         "- Our first: [A](clients/acme/CLAUDE.md), and [up](../CLAUDE.md); closed 2026-11-21", ""),
        ("3. [Acme](acme)", "- [Acme](clients/acme): closed 2026-11-21", ""),
        ("| rockets | [Acme](acme/CLAUDE.md) | 2024 |",
         "- rockets: [Acme](clients/acme/CLAUDE.md): 2024; closed 2026-11-21", ""),
        ("* @acme/CLAUDE.md", "- [Acme](clients/acme/CLAUDE.md): closed 2026-11-21", ""),
        ("- @bob knows [Acme](acme/CLAUDE.md)", "- @bob knows [Acme](clients/acme/CLAUDE.md): closed 2026-11-21", ""),
        ("- [Acme](acme/CLAUDE.md): rockets\n- [Acme](acme/CLAUDE.md) owes us",
         "- [Acme](clients/acme/CLAUDE.md): rockets; closed 2026-11-21",
         "- [Acme](../archive/clients/acme/CLAUDE.md) owes us"),
        ("- [Acme](acme/CLAUDE.md): rockets\n  - [Bert](bert.md): hats",
         "- [Acme](clients/acme/CLAUDE.md): rockets; closed 2026-11-21", "  - [Bert](bert.md): hats"),
    ],
)  # fmt: skip
def test_no_word_of_a_parents_line_is_lost_whatever_its_form(lines: str, listed: str, left: str) -> None:
    after = moved(changed(CLIENTS, "- [Acme](acme/CLAUDE.md): rockets", lines))
    assert after[LIST].splitlines()[-1] == listed
    assert after[CLIENTS].rstrip().splitlines()[-1] == (left or "Parent: [The firm](../CLAUDE.md)")


def test_the_line_that_leads_up_keeps_its_other_words() -> None:
    text = "# Acme\n\nParent: [Clients](../CLAUDE.md), whom [we](../we.md) like\r\n"
    after = archive.relinked(ACME, ONE.new, text, MOVES, ONE)
    assert after == "# Acme\n\nParent: [Archive](../../CLAUDE.md), whom [we](../../../clients/we.md) like\r\n"


def test_a_list_without_a_place_is_told_before_anything_moves() -> None:
    texts = {**WHOLE, LIST: "# Archive\n\nParent: [The firm](../CLAUDE.md)\n\n<!-- one day:\n"}
    with pytest.raises(Refused, match=r"has no place for a line that names context/archive/clients/acme/CLAUDE\.md"):
        archive.hold(index(texts), MOVES, [ONE], "2026-11-21")


def test_a_list_that_names_the_place_of_an_earlier_file_gets_the_words_of_this_one_too() -> None:
    made = archive.opened(index(WHOLE))
    assert made
    texts = {**WHOLE, LIST: f"{made.text}\n- [Acme](clients/acme/CLAUDE.md): hats; closed 2025-01-01\n"}
    after = archive.list_with(index(texts), MOVES, ONE, "2026-11-21")
    assert after.endswith("hats; closed 2025-01-01\n- [Acme](clients/acme/CLAUDE.md): rockets; closed 2026-11-21\n")


def test_the_root_and_what_is_archived_are_nobodys_home() -> None:
    tree = index({**WHOLE, "context/CLAUDE.md": "# F\n\nRecord: CL-1\n", "context/archive/a.md": "# A\nRecord: CL-1\n"})
    assert archive.homes(tree, "CL-1") == ["context/clients/acme"]
    two = index({**WHOLE, "context/clients/acme/a.md": "# A\nRecord: CL-1\n", "context/b.md": "# B\nRecord: CL-1\n"})
    assert archive.homes(two, "CL-1") == ["context/b.md", "context/clients/acme"]


def test_a_place_that_is_taken_gets_the_ref_behind_its_name() -> None:
    tree = index({**WHOLE, "context/b.md": "# B\nRecord: CL-1\n"})
    taken = {"context/archive/b.md", "context/archive/b-cl-1.md", "context/archive/clients/acme/CLAUDE.md"}
    found = archive.moves(
        tree, "CL-1", lambda home: [path for path in tree.files if path.startswith(home)], taken.__contains__
    )
    assert [move.new for move in found] == ["context/archive/b-cl-1-2.md", "context/archive/clients/acme-cl-1"]
