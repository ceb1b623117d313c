"""The index of the context tree: who stands above whom, and what loads with a file."""

from onefirm.narrative import links
from support.context_tree import ACME, CLIENTS, WHOLE, index


def test_every_file_stands_below_its_parent_with_the_line_that_names_it() -> None:
    found = [(place.depth, place.file.path, place.line) for place in index(WHOLE).places()]
    assert found == [
        (0, "CLAUDE.md", ""),
        (1, "context/CLAUDE.md", ""),
        (2, CLIENTS, "who we work for"),
        (3, ACME, "rockets"),
    ]


def test_children_come_in_the_order_in_which_their_parent_names_them() -> None:
    texts = {**WHOLE, "context/a.md": "# A\n\nParent: [The firm](CLAUDE.md)\n"}
    texts["context/CLAUDE.md"] += "- [A](a.md): the first letter\n"
    assert [place.file.path for place in index(texts).places()][2:] == [CLIENTS, ACME, "context/a.md"]


def test_all_above_loads_with_a_file_and_what_they_import() -> None:
    texts = {**WHOLE, "context/clients/manners.md": "# Manners\n"}
    texts[CLIENTS] += "\n@manners.md\n"
    assert index(texts).loaded(ACME) == {*WHOLE, "context/clients/manners.md"}
    assert index(texts).loaded("CLAUDE.md") == {"CLAUDE.md", "context/CLAUDE.md"}


def test_files_that_import_each_other_come_to_an_end() -> None:
    texts = {"CLAUDE.md": "@context/CLAUDE.md\n", "context/CLAUDE.md": "@../CLAUDE.md\n"}
    assert index(texts).loaded("CLAUDE.md") == set(texts)


def test_two_files_that_call_each_other_parent_stand_where_their_folders_say() -> None:
    texts = {
        **WHOLE,
        "context/a.md": "# A\n\nParent: [B](b.md)\n",
        "context/b.md": "# B\n\nParent: [A](a.md)\n",
    }
    assert {index(texts).parent(path) for path in ("context/a.md", "context/b.md")} == {"context/CLAUDE.md"}


def test_a_comments_sign_in_code_hides_nothing_and_an_open_comment_all_behind_it() -> None:
    text = "`<!--` [a](a.md)\n```\n<!-- [b](b.md)\n```\n[c](c.md) <!-- [d](d.md)\n\n[e](e.md)\n"
    assert [(link.line, link.target) for link in links.read("x.md", text)] == [(1, "a.md"), (5, "c.md")]


def test_what_would_take_a_pattern_an_hour_is_read_at_once() -> None:
    for text in ("`" * 100_000, "<!-- " * 50_000, "[" * 100_000 + "](", "[](" * 50_000, "@a/" * 50_000):
        assert links.read("x.md", f"{text}]:\n") == []


def test_links_are_read_as_markdown_means_them() -> None:
    text = (
        "- [A b](<a b.md> 'title'): said\n* [c](c%20d.md#e) and [f](g.md)\n"
        "[h]: i.md\n| [j](k.md) | said |\n![l](m.png)\n"
    )
    found = [(link.line, link.form, link.target, link.said) for link in links.read("x/y.md", text)]
    assert found == [
        (1, "item", "x/a b.md", "said"),
        (2, "item", "x/c d.md", "and [f](g.md)"),
        (2, "link", "x/g.md", ""),
        (3, "link", "x/i.md", ""),
        (4, "item", "x/k.md", "said"),
        (5, "link", "x/m.png", ""),
    ]
