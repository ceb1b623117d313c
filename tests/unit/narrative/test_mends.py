"""What mends itself: added lines, links led elsewhere; never a sentence lost, and nothing to mend a second time."""

from collections.abc import Mapping

import pytest

from onefirm.narrative import mends
from support.context_tree import ACME, CLIENTS, WHOLE, changed, faults, index, world

NAMED = "- [Acme](acme/CLAUDE.md): rockets\n"
BACK = "Parent: [Clients](../CLAUDE.md)\n"


def mended(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts after mending, which is whole at once."""
    done = {**texts, **{one.path: one.after for one in mends.plan(index(texts), world())}}
    assert mends.plan(index(done), world()) == []
    return done


def test_a_whole_tree_needs_none() -> None:
    assert mends.plan(index(WHOLE), world()) == []


def test_a_child_is_named_behind_the_others_and_points_back_below_its_record() -> None:
    bert = "context/clients/bert/CLAUDE.md"
    done = mended({**WHOLE, bert: "# Bert & [Sons]\n\nRecord: CL-1\n\nHats.\n"})
    assert done[CLIENTS] == WHOLE[CLIENTS] + "- [Bert & Sons](bert/CLAUDE.md)\n"
    assert done[bert] == f"# Bert & [Sons]\n\nRecord: CL-1\n{BACK}\nHats.\n"
    assert faults(done) == []


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("# Acme\n\nHats.\n", f"# Acme\n\n{BACK}\nHats.\n"),
        ("# Acme", f"# Acme\n\n{BACK}"),
        ("Hats.\n", f"{BACK}\nHats.\n"),
        ("\ufeffHats.\n", f"\ufeff{BACK}\nHats.\n"),
        ("---\na: b\n---\nHats.\n", f"---\na: b\n---\n{BACK}\nHats.\n"),
        ("# Acme\r\n\r\nHats.\r\n", "# Acme\r\n\r\nParent: [Clients](../CLAUDE.md)\r\n\r\nHats.\r\n"),
        ("# Acme\n\nParent: Clients\n", f"# Acme\n\n{BACK}"),
        ("# Acme\n\n**Parent** = whom we like most\n", "# Acme\n\nParent: [Clients](../CLAUDE.md) whom we like most\n"),
        ("# Acme\n\nParent: [All](../gone.md), old\n", "# Acme\n\nParent: [All](../CLAUDE.md), old\n"),
        ("# Acme\n\nParent: [Itself](CLAUDE.md)\n", "# Acme\n\nParent: [Itself](../CLAUDE.md)\n"),
    ],
)  # fmt: skip
def test_a_way_back_is_added_or_led_to_the_file_above(text: str, after: str) -> None:
    assert mended({**WHOLE, ACME: text})[ACME] == after


def test_the_first_child_is_named_at_the_end() -> None:
    text = "# Clients\n\nParent: [F](../CLAUDE.md)\n"
    assert mended({**WHOLE, CLIENTS: text})[CLIENTS] == text + "\n- [Acme](acme/CLAUDE.md)\n"


@pytest.mark.parametrize(
    "others",
    [
        "- [Gone](gone/CLAUDE.md): was\n  here\n",
        "- [Gone](gone/CLAUDE.md): was\nhere\n",
        "| who |\n|---|\n| [Gone](gone/CLAUDE.md) |\n| else |\n",
    ],
)
def test_a_child_is_named_where_others_were_and_breaks_nothing_apart(others: str) -> None:
    before = f"# Clients\n\nParent: [F](../CLAUDE.md)\n\n{others}"
    space = "\n" if "|" in others else ""
    done = mended({**WHOLE, CLIENTS: f"{before}\nEnd.\n"})[CLIENTS]
    assert done == f"{before}{space}- [Acme](acme/CLAUDE.md)\n\nEnd.\n"


def test_links_follow_what_has_moved_and_keep_their_words_and_parts() -> None:
    line = "See [it](boards.md#who) and `[x](boards.md)`, [again](<boards.md>), then [no](boards.pdf).\n"
    texts = changed(ACME, "They count.\n", line) | {
        "context/CLAUDE.md": WHOLE["context/CLAUDE.md"] + "- [Boards](our boards.md)\n",
        "context/our/boards.md": "# Boards\n\nParent: [The firm](../CLAUDE.md)\n",
    }
    after = mended(texts)[ACME].splitlines()[-1]
    there = "../../our/boards.md"
    assert after == f"See [it]({there}#who) and `[x](boards.md)`, [again](<{there}>), then [no](boards.pdf)."


def test_a_guess_where_a_file_may_be_is_left_to_somebody() -> None:
    texts = changed(CLIENTS, "acme/", "acme-rockets/")
    assert "- [Acme](acme-rockets/CLAUDE.md): rockets" in mended(texts)[CLIENTS]


def test_a_line_that_stands_twice_is_taken_once_and_another_wording_stays() -> None:
    texts = changed(CLIENTS, NAMED, NAMED + NAMED + "- [Acme](acme/CLAUDE.md): engines\n")
    assert mended(texts)[CLIENTS] == WHOLE[CLIENTS] + "- [Acme](acme/CLAUDE.md): engines\n"


def test_the_root_imports_the_tree() -> None:
    assert mended(changed("CLAUDE.md", "\n@context/CLAUDE.md\n", ""))["CLAUDE.md"] == "# Firm\n\n@context/CLAUDE.md\n"


def test_several_children_are_named_in_one_list() -> None:
    texts = changed(CLIENTS, f"\n{NAMED}", "")
    texts |= {f"context/clients/{name}.md": f"# {name}\n\nParent: [Clients](CLAUDE.md)\n" for name in "xyz"}
    lines = ("- [Acme](acme/CLAUDE.md)", "- [x](x.md)", "- [y](y.md)", "- [z](z.md)")
    assert mended(texts)[CLIENTS] == texts[CLIENTS] + "\n" + "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("hidden", ["<!-- never closed\n", "<!--\n- [Old](old/CLAUDE.md)\n"])
def test_a_file_in_which_mending_does_not_help_is_left_as_it_is(hidden: str) -> None:
    texts = {**WHOLE, CLIENTS: f"# Clients\n\n{BACK.replace('Clients', 'F')}\n{hidden}"}
    assert mended(texts) == texts


def test_what_a_program_writes_is_not_mended() -> None:
    texts = {**WHOLE, "context/log/2026.md": "# 2026\n\n[x](clients/nowhere/acme/CLAUDE.md)\n"}
    assert mended(texts) == texts


def test_the_difference_is_one_that_git_and_patch_read() -> None:
    texts = {**WHOLE, ACME: "# Acme"}
    assert mends.diff(mends.plan(index(texts), world())) == (
        f"--- a/{ACME}\n+++ b/{ACME}\n@@ -1 +1,3 @@\n-# Acme\n\\ No newline at end of file\n"
        "+# Acme\n+\n+Parent: [Clients](../CLAUDE.md)\n"
    )
