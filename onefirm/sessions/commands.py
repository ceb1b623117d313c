"""A shell command as a rule can be held against it: the words of every program that it starts.

What stands in quotation marks or in a here document is text and starts nothing, unless a shell is given it to run. What
a command computes can't be seen. The time taken grows with the command's length and no faster.
"""

from __future__ import annotations

import re

from onefirm.sessions import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What may stand before the name of a program.
BEFORE = frozenset([
    "!", "builtin", "busybox", "command", "do", "doas", "elif", "else", "env", "exec", "if", "ionice", "nice", "nohup",
    "parallel", "setsid", "stdbuf", "sudo", "then", "time", "timeout", "until", "while", "xargs",
])  # fmt: skip
_SHELLS = r"\b(?:sh|bash|zsh|dash|ksh|ssh)\b"
_RUN_TEXTS = frozenset(("sh", "bash", "zsh", "dash", "ksh", "fish", "eval", "ssh", "su", "watch", "pwsh", "powershell"))
_STARTS = frozenset(("-exec", "-execdir", "-ok", "{"))
_HERE = r"<<-?\s*['\"]?(\w+)"
# A text: whoever only wants `without_documents` doesn't pay for compiling it.
_PIECE = (
    r"(?s)(?P<end>\n|[;|&()`]|\$\()|(?P<space>[ \t\r\f\v]+)|\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'"
    r"|\\(?P<escaped>.)|(?P<plain>[^\s;|&()`\"'\\$]+|.)"
)
_LONGEST, _DEEPEST, _MOST_STARTS = 100_000, 4, 12


def programs(command: str) -> list[list[str]]:
    """The words of each program that it starts, the program first, without quotation marks."""
    return list(_programs(without_documents(command)[:_LONGEST], 0))


def are_own(programs: Sequence[Sequence[str]]) -> bool:
    """Whether they start onefirm, and nothing else but what goes to a folder."""
    return bool(programs) and all(_name(words[0]) in ("onefirm", "cd") for words in programs)


def runs(wanted: str, words: Sequence[str]) -> bool:
    """Whether a program's words are those wanted, in this order, whatever stands between; `*` is any text in one."""
    first, *rest = wanted.split()
    begins = range(min(len(words), _MOST_STARTS)) if _name(words[0]) in BEFORE else (0,)
    return any(
        (walk.fits(words[at], first) or walk.fits(_name(words[at]), first)) and _follow(rest, words[at + 1 :])
        for at in begins
    )


def without_documents(command: str) -> str:
    """The command without the here documents that no shell is given."""
    if "<<" not in command:
        return command
    lines, kept, end = command.split("\n"), list[str](), ""
    ends = {line.strip() for line in lines}
    for line in lines:
        if end:
            end = "" if line.strip() == end else end
            continue
        kept.append(line)
        opened = re.search(_HERE, line)
        if opened and opened[1] in ends and not re.search(_SHELLS, line):
            end = opened[1]
    return "\n".join(kept)


def _programs(text: str, depth: int) -> Iterator[list[str]]:
    words, texts, word = list[str](), list[str](), None
    for piece in re.finditer(_PIECE, text + "\n"):
        kind, said = piece.lastgroup, piece[piece.lastgroup or 0]
        if kind not in ("end", "space"):
            word = (word or "") + ("" if kind == "escaped" and said == "\n" else said)
            texts += [said] if kind in ("double", "single") else []
            if kind == "double" and ("$(" in said or "`" in said) and depth < _DEEPEST:
                yield from _programs(said, depth + 1)
            continue
        is_start = word in _STARTS
        words += [word] if word and not is_start and not _is_given(word, words) else []
        word = None
        if kind == "end" or is_start:
            if words:
                yield words
                if depth < _DEEPEST and not _RUN_TEXTS.isdisjoint(map(_name, words)):
                    for one in texts:
                        yield from _programs(one, depth + 1)
            words, texts = [], []


def _is_given(word: str, before: Sequence[str]) -> bool:
    """Whether it only sets a variable for the program that follows."""
    return not before and word.partition("=")[0].isidentifier() and "=" in word


def _name(word: str) -> str:
    return word.rpartition("/")[2]


def _follow(wanted: Sequence[str], words: Sequence[str]) -> bool:
    left = iter(words)
    return all(any(walk.fits(word, one) for word in left) for one in wanted)
