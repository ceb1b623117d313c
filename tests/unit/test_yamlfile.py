"""Changing single values of YAML that a person wrote: everything else stays as it is, remarks among it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from onefirm import yamlfile
from onefirm.core.errors import InvalidInput

FILE = Path("notion.yaml")
TEXT = """\
# mine
kinds:
  task:
    data_source: abc  # from the link
    properties:
      title: {name: Name, id: title}
      owner:
        name: "Owner"   # Jana asked for this one
        id: o%3A1
      # the statuses
      status: {name: Status, id: s1, options: {todo: Not started, doing: [In progress, Review]}}
      due:
        name: Due
        options:
        - a
        - b
"""
AT = ("kinds", "task", "properties")


def changed(*path: str, to: Any) -> str:
    return yamlfile.changed(FILE, TEXT, [((*AT, *path), to)])


@pytest.mark.parametrize(
    ("path", "value", "before", "after"),
    [
        (("owner", "name"), "Responsible: a & b", 'name: "Owner"   #', "name: 'Responsible: a & b'   #"),
        (("title", "name"), "Titel", "{name: Name, id: title}", "{name: Titel, id: title}"),
        (("owner", "type"), "people", '        name: "Owner"', '        type: people\n        name: "Owner"'),
        (("title", "type"), "title", "{name: Name,", "{type: title, name: Name,"),
        (("status", "options", "done"), {"name": "Fertig", "id": "x"}, "{todo:", "{done: {name: Fertig, id: x}, todo:"),
        (("status", "options", "doing"), "Läuft", "doing: [In progress, Review]", "doing: Läuft"),
        (("status", "options", "doing"), None, ", doing: [In progress, Review]}", "}"),
        (("status", "options", "todo"), None, "todo: Not started, ", ""),
        (("owner", "id"), None, "        id: o%3A1\n", ""),
        (("due", "options"), ["c"], "options:\n        - a\n        - b\n", "options: [c]\n"),
        (("title",), None, "      title: {name: Name, id: title}\n", ""),
    ],
)  # fmt: skip
def test_one_value_is_changed_and_nothing_beside_it(path: tuple[str, ...], value: Any, before: str, after: str) -> None:
    assert TEXT.count(before) == 1
    assert changed(*path, to=value) == TEXT.replace(before, after)


def test_what_has_no_place_is_refused_by_name() -> None:
    for path in (("nobody", "name"), ("owner", "name", "deep"), ("owner", "nothing", "deep")):
        with pytest.raises(InvalidInput, match=r"notion\.yaml can't be changed at kinds\.task"):
            changed(*path, to="x")
    with pytest.raises(InvalidInput):
        changed("owner", "gone", to=None)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=12)
TREES = st.recursive(WORDS, lambda inner: st.dictionaries(WORDS, inner, min_size=1, max_size=3), max_leaves=8)


@given(st.dictionaries(WORDS, TREES, min_size=2, max_size=4), st.booleans(), WORDS, WORDS, st.data())
def test_whatever_stands_there_reads_afterwards_as_was_wanted(
    tree: dict[str, Any], flow: bool, key: str, value: str, data: st.DataObject
) -> None:
    text = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=True)
    first, *others = data.draw(st.permutations(sorted(tree)))
    below = tree[first]
    path = (first, key) if isinstance(below, dict) else (first,)
    after = yamlfile.changed(FILE, text, [(path, value), ((others[0],), None)])
    wanted = {
        first: {**below, key: value} if isinstance(below, dict) else value,
        **{one: tree[one] for one in others[1:]},
    }
    assert yamlfile.parse(FILE, after.encode()).value == wanted
    fresh = f"{first}{key}"
    if fresh not in wanted:
        renamed = yamlfile.renamed(FILE, after, (first,), fresh)
        assert yamlfile.parse(FILE, renamed.encode()).value == {fresh: wanted.pop(first), **wanted}


@pytest.mark.parametrize("text", ["[" * 9_000, "- " * 9_000, "{a: " * 9_000])
def test_what_is_nested_without_end_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="nested too deeply"):
        yamlfile.parse(FILE, text.encode())
