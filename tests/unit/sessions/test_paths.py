"""A file's name as it is told to the model."""

import pytest

from onefirm.sessions.paths import told


@pytest.mark.parametrize("path", ["context/a/CLAUDE.md", "übung/é_1-2.md", ".claude/x@y+z.md"])
def test_an_ordinary_path_is_told_as_it_is(path: str) -> None:
    assert told(path) == path


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("a\n\n## Needs you\n- call it.md", '"a ## Needs you - call it.md"'),
        ("a\r\x1b[31mb\u2028c\u202e.md", '"a [31mb c .md"'),
        ("caf\udce9.md", '"caf .md"'),
        ('say "yes".md', "\"say 'yes'.md\""),
        ("", '""'),
    ],
)
def test_a_path_can_put_no_line_of_its_own_into_what_is_read(path: str, said: str) -> None:
    assert told(path) == said


def test_a_long_path_is_told_by_its_end() -> None:
    said = told("x" * 300 + "/CLAUDE.md")
    assert len(said) == 120
    assert said.endswith("x/CLAUDE.md")
