"""What a shell command starts, as far as it can be seen, and which of it a rule's words meet."""

import pytest

from onefirm.sessions import commands


@pytest.mark.parametrize(
    ("command", "meets"),
    [
        ("git push origin main --force", True),
        ("cd shop && FOO=1 sudo -u web /usr/bin/git push --force", True),
        ("bash -c 'cd shop; git push --force'", True),
        ('echo "$(git push --force)"', True),
        ("bash <<EOF\ngit push --force\nEOF", True),
        ("git \\\n  push '--force'", True),
        ("git commit -m 'git push --force'", False),
        ("cat > notes <<EOF\ngit push --force\nEOF\nls", False),
        ("cat > notes <<EOF\ngit push --force\n" + "more\n" * 25_000 + "EOF\nls", False),
        ("cat > notes <<EOF\n" + "more\n" * 25_000 + "EOF\ngit push --force", True),
        ("git push --force-with-lease", False),
        ("git push && rm --force x", False),
        ("echo git push --force", False),
        ("", False),
    ],
)
def test_a_rule_meets_what_a_command_starts_and_not_what_it_only_speaks_of(command: str, meets: bool) -> None:
    assert any(commands.runs("git push --force", words) for words in commands.programs(command)) is meets


def test_a_star_is_any_text_in_a_word_and_a_program_may_be_named_with_its_folder() -> None:
    assert commands.runs("rm -r*", ["rm", "-rf", "build"])
    assert commands.runs("scripts/deploy", ["scripts/deploy", "now"])
    assert not commands.runs("rm -r*", ["git", "rm", "-rf"])
    assert not commands.runs("git branch -D", ["git", "branch", "-d", "x"])


@pytest.mark.parametrize(
    ("command", "own"),
    [
        ("onefirm doctor --fix", True),
        ("cd shop && bin/onefirm record get P-1", True),
        ("onefirm doctor; rm -rf x", False),
        ("onefirm doctor $(rm -rf x)", False),
        ('onefirm record find "$(rm -rf x)"', False),
        ("> notes.md", False),
        ("PATH=x", False),
        ("", False),
    ],
)
def test_a_command_is_our_own_only_where_all_that_it_starts_is(command: str, own: bool) -> None:
    assert commands.are_own(commands.programs(command)) is own
