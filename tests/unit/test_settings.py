"""onefirm.yaml: what it may say, and how its mistakes are told."""

from pathlib import Path

import pytest

from onefirm import settings, yamlfile
from onefirm.core.errors import InvalidInput


def read(text: str) -> settings.Settings:
    return settings.check(settings.parse(text))


def mistakes(text: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        read(text)
    return refused.value.message


def test_a_firm_needs_nothing_but_its_name():
    found = read("firm: Acme Rockets\n")
    assert (found.firm, found.timezone, found.currency, found.store) == ("Acme Rockets", "UTC", "EUR", "sqlite")
    assert (found.brief.due_soon_days, found.brief.stale_days, found.brief.tokens) == (7, 14, 1200)


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines():
    text = "firm: A\ntimezon: X\nbrief:\n  stale_days: 0\n  foo: 1\ntimezone: Europe/Berln\n"
    lines = mistakes(text).splitlines()
    assert lines[0] == "onefirm.yaml has 4 mistakes:"
    assert [line.split(":")[0] for line in lines[1:]] == ["  line 2", "  line 4", "  line 5", "  line 6"]
    assert "did you mean timezone?" in lines[1]
    assert "did you mean Europe/Berlin?" in lines[4]


def test_a_password_may_not_stand_in_a_file_that_git_keeps():
    assert "onefirm secret set" in mistakes("firm: A\nstore: postgresql+psycopg://me:hunter2@db/firm\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("firm: A\nfirm: B\n", "onefirm.yaml:2: “firm” stands twice"),
        ("a: &x [1]\nb: *x\n", "onefirm.yaml:2: aliases"),
        ("firm: [\n", "onefirm.yaml:2:"),
        ("firm: A\x00\n", "onefirm.yaml:1:"),
        ("- 1\n", "line 1: the file"),
        ("", "firm: field required"),
        ("firm: A\nmemory:\n  language: german\n", "line 3: memory.language: input should be 'english' or 'other'"),
        ("firm: A\nmemory:\n  clients:\n    acme: other\n", "“acme” is no ref of a client, such as CL-2"),
        ("firm: !!python/object/apply:os.system [echo]\n", "line 1: firm"),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused_with_its_line(text, said):
    assert said in mistakes(text)


def test_a_yaml_bomb_is_refused_before_it_unfolds():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)
    )
    assert "aliases (*name) are not allowed" in mistakes(bomb)


def test_a_file_beyond_the_limit_is_refused_unread():
    assert "larger than 256 KB" in mistakes("firm: " + "x" * yamlfile.LARGEST_BYTES)


def test_dates_and_words_stay_as_they_were_written():
    value = yamlfile.parse(Path("x.yaml"), b"no: 2026-11-21\nyes: on\n").value
    assert value["no"] == "2026-11-21"
    assert list(value) == ["no", "yes"]
