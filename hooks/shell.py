"""What can be seen of a shell command: the words that may be paths, and programs that go through folders by themselves.

Several words in quotation marks, and a text that is handed over (`<<EOF`), are a message: nothing of it is run, and
only what has a slash is a path. Where something in the command runs texts (`sh -c`, `python`), nothing is a message.
"""

from __future__ import annotations

import re

from onefirm.sessions.commands import BEFORE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_BETWEEN = re.compile(r"\$\{?\w+\}?|[\s;|&()<>=`\"'{},$:!]+")
_WORD = re.compile(r"(?:[^\s;|&()<>\"'\\`]|\\.|\"(?:[^\"\\]|\\.)*\"|'[^']*')+", re.DOTALL)
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'", re.DOTALL)
_HANDED_OVER = re.compile(r"(<<-?[ \t]*([\"']?)(\w+)\2[^\n]*\n)(.*?)(?=^[ \t]*\3\b|\Z)", re.DOTALL | re.MULTILINE)
_RUNS_TEXTS = re.compile(
    r"(?:^|[\s;|&(/`\"'])(?:(?:ba|z|da|k|fi)?sh|eval|source|xargs|parallel|ssh|watch|su|script|expect|python[\d.]*|perl"
    r"|ruby|node|deno|bun|php|lua|osascript)(?=[\s;|&\"']|$)"
)
_WALKERS = frozenset(["ack", "ag", "bfs", "fd", "fdfind", "find", "rg", "rsync", "tree", "ugrep", "zip"])
_LISTERS = {"grep": "rR", "egrep": "rR", "fgrep": "rR", "diff": "r", "cp": "raR", "scp": "raR", "ls": "R"}
_SEARCHERS = frozenset(["ack", "ag", "egrep", "fd", "fdfind", "fgrep", "grep", "rg", "ugrep"])
_GIT = frozenset(["archive", "blame", "cat-file", "diff", "grep", "show"])
_PATCH = frozenset(("-p", "--patch"))


def paths(text: str) -> list[str]:
    """The words that may be paths: as the shell reads them, and what stands between signs in them."""
    is_run = bool(_RUNS_TEXTS.search(text))
    left = text if is_run else _HANDED_OVER.sub(r"\1", text)
    found = {_bare(word): None for word in _WORD.findall(left)}
    plain = left if is_run else _QUOTED.sub(lambda quoted: _shown(quoted[0]), left)
    found.update(dict.fromkeys(_BETWEEN.split(plain)))
    if not is_run:
        found.update((word, None) for word in _BETWEEN.split(text) if "/" in word)
    if "$" in text:  # what stands behind a variable goes on from wherever it leads
        found.update((word.lstrip("/"), None) for word in list(found))
    return [word for word in found if word]


def entered(text: str) -> list[str]:
    """Where `cd` leads."""
    return [words[-1] for words in _commands(text) if words[0] in ("cd", "pushd")]


def walks(text: str) -> Iterator[list[str]]:
    """What each program that goes through folders is given; of one that searches, without what it searches for."""
    for words in _commands(text):
        starts = range(len(words)) if words[0] in BEFORE else (0,)
        for start in starts:
            name, given = words[start].rpartition("/")[2], words[start + 1 :]
            if _goes_through(name, given):
                named = [word for at, word in enumerate(given) if _is_place(given[at - 1] if at else "", word)]
                yield [word.partition("**")[0] or "." for word in (named[1:] if name in _SEARCHERS else named)]
                break


def _is_place(before: str, word: str) -> bool:
    """Whether a word may name a folder: no option, nor the pattern that one takes."""
    return not word.startswith("-") and not (before.startswith("-") and re.search(r"[*?\[]", word))


def _commands(text: str) -> Iterator[list[str]]:
    """The words of each simple command."""
    if _RUNS_TEXTS.search(text):
        text = re.sub(r"[\"']", "\n", text)
    else:
        text = _QUOTED.sub(lambda quoted: _shown(quoted[0]), _HANDED_OVER.sub(r"\1", text))
    for part in re.split(r"\$\(|[;|&()\n`]|(?<!\S)[{}](?!\S)", text):
        words = [_bare(word) for word in part.split()]
        while words and re.match(r"\w+=", words[0]):
            words.pop(0)
        if words:
            yield words


def _shown(quoted: str) -> str:
    """A quoted text as far as it is no message; what the shell runs in it (`$(…)`) is."""
    if quoted[0] == '"' and ("$(" in quoted or "`" in quoted):
        return f";{quoted[1:-1]};"
    return " " if re.search(r"\s", quoted) else quoted


def _bare(word: str) -> str:
    """A word without its quotation marks."""
    word = _QUOTED.sub(lambda quoted: quoted[0][1:-1], word)
    return re.sub(r"\\(.)", r"\1", word)


def _goes_through(name: str, given: list[str]) -> bool:
    if name == "git":
        return _git_shows(given)
    if name == "tar":  # taking one apart shows nothing that is here
        return not any(re.fullmatch(r"-?[A-Za-z]*[xt][A-Za-z]*|--(?:extract|get|list)", word) for word in given[:2])
    is_asked = any(
        (word.startswith("--") and "recursive" in word) or re.fullmatch(rf"-\w*[{_LISTERS[name]}]\w*", word)
        for word in (given if name in _LISTERS else ())
    )
    return name in _WALKERS or is_asked or any("**" in word for word in given)


def _git_shows(given: list[str]) -> bool:
    """Whether it shows what files say. A name of a branch or a word of a message is no subcommand."""
    words = list(given)
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in ("-C", "-c", "--git-dir", "--work-tree") else words[1:]
    if not words:
        return False
    asked = _PATCH | ({"-u"} if words[0] == "log" else frozenset[str]())
    is_line_log = words[0] == "log" and any(word.startswith("-L") for word in words)
    return words[0] in _GIT or is_line_log or words[:2] == ["stash", "show"] or not asked.isdisjoint(words[1:])
