"""A playbook, read and held to what makes one: front matter, sections, tools that exist, a gate before writing.

Nothing is read from the disk here. The shipped playbooks are held to the same rules as the operator's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from onefirm import yamlfile
from onefirm.core.errors import InvalidInput
from onefirm.narrative.faults import Fault, Rule

SECTIONS = ("When to use", "Facts first", "Steps", "Gate", "When something is missing", "Answer", "Next")
TOOLS = "mcp__plugin_onefirm_firm__"
LONGEST_DESCRIPTION = 250
ASKS = "AskUserQuestion"
_KEYS = ("description", "argument-hint", "allowed-tools", "model")
_OPERATORS = "lesson_decide"  # the client's own question is the operator's verdict, so no playbook may allow it
_READERS = frozenset({ASKS, "Read", "Glob", "Grep", "WebFetch", "WebSearch"})
_EDITS = re.compile(r"Edit\(([\w.*/-]+)\)")  # in the client's rules this means Write too
_SHELL = re.compile(r"Bash\(\s*([^()*:]+?)\s*(:\*)?\)")
_ONE_TOOL = re.compile(r"mcp__[\w-]+?__[\w-]+")  # of a server; without the tool it means all of them
# Commands of ours that only read, whatever is said behind them; the last ones only as they stand.
READING = frozenset(
    f"onefirm {command}"
    for command in (
        "brief", "recall", "drift", "record find", "record kinds", "record get", "record timeline", "record conflicts",
        "decision list", "decision log", "decision show", "lesson list", "artifact list", "artifact show",
        "context map", "context fresh", "playbook check", "ledger verify", "ledger trace", "ledger log", "schema show",
        "schema check", "schema diff", "schema log", "session list", "session show", "session client", "guard status",
        "secret list", "plugin path",
    )
)  # fmt: skip
READING_ALONE = frozenset(("onefirm doctor", "onefirm context check", "onefirm lesson consolidate --dry-run --json"))
# Programs that run what they are given.
_RUNNERS = frozenset((
    "sh", "bash", "zsh", "dash", "fish", "ksh", "pwsh", "powershell", "python", "perl", "ruby", "node", "deno", "bun",
    "php", "lua", "awk", "gawk", "osascript", "find", "env", "xargs", "parallel", "eval", "exec", "command",
    "builtin", "source", "sudo", "su", "doas", "nohup", "nice", "time", "timeout", "setsid", "ssh", "busybox",
    "docker", "make", "npm", "npx", "uv", "uvx", "pipx",
))  # fmt: skip
_FENCE = re.compile(r"^```.*?^```\n?", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_OWN_FILE = re.compile(r"(?:context|\.claude)/[\w./-]+\.md")


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to be named: our tools and whether each writes, commands of the command line, shipped playbooks."""

    tools: Mapping[str, bool]
    commands: frozenset[str]
    playbooks: frozenset[str]
    exists: Callable[[str], bool]


@dataclass(frozen=True)
class Playbook:
    """A command's file: its front matter with the lines of its keys, and its body, which begins after line `above`."""

    path: str
    front: Mapping[str, Any]
    lines: Mapping[str, int]
    body: str
    above: int

    @property
    def allowed(self) -> tuple[str, ...]:
        """What runs without a prompt, our own tools by their short names."""
        given: object = self.front.get("allowed-tools") or []
        rules = cast("list[object]", given) if isinstance(given, list) else [given]
        return tuple(str(rule).removeprefix(TOOLS) for rule in rules)

    @cached_property
    def plain(self) -> str:
        """The body without what stands in fences, its lines in their places: an example's headings are no headings."""
        return _FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), self.body)

    @cached_property
    def sections(self) -> Mapping[str, str]:
        """The text under each `## ` heading, in the order of the file."""
        parts = _HEADING.split(self.plain)
        return dict(zip(parts[1::2], parts[2::2], strict=True))

    def line_of(self, word: str) -> int:
        """The line of the file on which a word of the body first stands; else that on which the body begins."""
        found = self.body.find(word)
        return self.above + 1 + (self.body.count("\n", 0, found) if found >= 0 else 0)


def read(path: str, text: str) -> Playbook:
    """A playbook from its text. Raises InvalidInput, with the line, where its front matter can't be read."""
    parts = re.split(r"^---[ \t]*\n", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3 or parts[0].strip():
        raise InvalidInput(
            f"{path}:1: there is no front matter.", hint="Begin with `---`, `description: …`, `---`, each on its line."
        )
    # A line in the place of the opening mark, so that the lines are those of the file.
    front = yamlfile.parse(Path(path), f"\n{parts[1]}".encode())
    keys: object = front.value
    if not isinstance(keys, dict):
        raise InvalidInput(f"{path}:2: the front matter has no keys.", hint="Write `description: …` there.")
    lines = {str(key[0]): line for key, line in front.lines.items() if len(key) == 1}
    return Playbook(path, cast("dict[str, Any]", keys), lines, parts[2], parts[1].count("\n") + 2)


def check(playbook: Playbook, known: Known) -> list[Fault]:
    """Every fault of a playbook, by line."""
    found = [
        *_front(playbook),
        *_permissions(playbook, known),
        *_sections(playbook),
        *_named(playbook, known),
        *_gate(playbook, known),
    ]
    return sorted(found, key=lambda fault: fault.line)


def writes(rule: str, known: Known) -> bool:
    """Whether what a rule allows can change something of the firm. What a shell command does, nobody can tell, unless
    it is one of ours that only reads.
    """
    if shell := _SHELL.fullmatch(rule):
        is_prefix = bool(shell[2])
        return shell[1] not in READING and (is_prefix or not reads(shell[1]))
    return known.tools.get(rule, False) or rule.startswith(("Bash", "Edit"))


def reads(command: str) -> bool:
    """Whether a shell command does nothing but read, by one command of ours."""
    if re.search(r"[;|&<>`$\n]", re.sub(r"'[^']*'|\"[^\"`$]*\"", "", command)):
        return False
    words = command.split()
    return command.strip() in READING_ALONE or " ".join(words[:2]) in READING or " ".join(words[:3]) in READING


# -- front matter ------------------------------------------------------------------------------------------------------


def _front(playbook: Playbook) -> Iterator[Fault]:
    for key in playbook.front:
        if key not in _KEYS:
            yield _at(playbook, key, "form", f"“{key}” does nothing here", f"keep to {', '.join(_KEYS)}")
    yield from _description(playbook)
    hint, takes = playbook.front.get("argument-hint"), "$ARGUMENTS" in playbook.body
    if hint is not None and not isinstance(hint, str):
        fix = 'quote it: argument-hint: "[what to say]"'
        yield _at(playbook, "argument-hint", "form", "without quotes, YAML makes a list of the argument hint", fix)
    if hint is not None and not takes:
        yield _at(playbook, "argument-hint", "form", "no line has $ARGUMENTS", "write $ARGUMENTS where they belong")
    if hint is None and takes:
        yield _in(playbook, "$ARGUMENTS", "form", "nothing tells what to type", 'add argument-hint: "[what to say]"')


def _description(playbook: Playbook) -> Iterator[Fault]:
    text = playbook.front.get("description")
    if not isinstance(text, str) or not text.strip():
        fix = "say in a sentence what it does, and “Use when …”, in quotes"
        yield _at(playbook, "description", "form", "there is no description, by which Claude finds it", fix)
        return
    if len(text) > LONGEST_DESCRIPTION:
        what = f"the description has {len(text)} characters; every session reads it, so at most {LONGEST_DESCRIPTION}"
        yield _at(playbook, "description", "form", what, "shorten it")
    if "TODO" in text:
        yield _at(playbook, "description", "form", "the description says TODO", "write it")
    if "Use " not in text:
        fix = "end it with “Use when …”"
        yield _at(playbook, "description", "form", "the description doesn't tell Claude when to use it", fix)


# -- permissions -------------------------------------------------------------------------------------------------------


def _permissions(playbook: Playbook, known: Known) -> Iterator[Fault]:
    given = playbook.front.get("allowed-tools")
    if given is not None and not isinstance(given, list):
        fix = "one rule a line, each with a dash before it"
        yield _at(playbook, "allowed-tools", "tool", "allowed-tools is no list", fix)
        return
    for raw, rule in zip(cast("list[object]", given or []), playbook.allowed, strict=True):
        if problem := _rule_problem(str(raw), rule, known):
            yield _at(playbook, "allowed-tools", "tool", *problem)
        elif not any(name in playbook.body for name in _named_by(rule)):
            fix = "remove it, or say in a step what it is for"
            yield _at(playbook, "allowed-tools", "tool", f"{rule} is allowed, and no line names it", fix)


def _rule_problem(raw: str, rule: str, known: Known) -> tuple[str, str] | None:
    if rule == _OPERATORS:
        return f"{rule} is the operator's verdict, which a permission would give away", "remove it"
    if rule in known.tools:
        return None if raw != rule else (f"{rule} stands without its server", f"write {TOOLS}{rule}")
    if raw.startswith(TOOLS):
        return f"there is no tool {rule}", f"choose of {', '.join(known.tools)}"
    if rule in ("Bash", "Edit", "Write", "Bash(*)", "Bash(:*)") or (
        rule.startswith("mcp__") and not _ONE_TOOL.fullmatch(rule)
    ):
        return f"{rule} allows everything", "name what it may touch: Edit(context/**), Bash(onefirm doctor)"
    if edit := _EDITS.fullmatch(rule.replace("Write(", "Edit(", 1)):
        return _files_problem(rule, edit[0], edit[1])
    if shell := _SHELL.fullmatch(rule):
        return _command_problem(rule, shell[1], bool(shell[2]), known)
    if rule in _READERS or rule.startswith("mcp__"):
        return None
    return f"there is no tool {rule}", "see docs/reference/tools.md; the client's are Read, Edit(…), Bash(…) and others"


def _files_problem(rule: str, edit: str, files: str) -> tuple[str, str] | None:
    """Files are named by the folder that they lie in, below the workspace's own."""
    first, _, below = files.removeprefix("./").partition("/")
    if "*" in first or first in ("", ".", "..") or "/../" in f"/{below}/":
        return f"{rule} allows files anywhere", "name a folder of the workspace: Edit(context/**)"
    return None if rule == edit else (f"{rule} allows nothing: the client asks for every file", f"write {edit}")


def _command_problem(rule: str, command: str, is_prefix: bool, known: Known) -> tuple[str, str] | None:
    """A command of ours has to exist, and to be one; others are the operator's to know, as long as they are named."""
    words = command.split()
    program = re.sub(r"[\d.]+$", "", words[0].rpartition("/")[2])
    if is_prefix and (program in _RUNNERS or "=" in words[0]):
        return (
            f"{rule} allows everything: {words[0]} runs what it is given",
            "name one command, whole: Bash(make report)",
        )
    if program != "onefirm":
        return None
    named = " ".join([program, *words[1:]])
    if is_prefix and any(other.startswith(f"{named} ") for other in known.commands):
        return f"{rule} allows every command that begins so", "name one of them: Bash(onefirm record find:*)"
    return None if named in known.commands else (f"there is no command `{named}`", "`onefirm --help` lists them")


def _named_by(rule: str) -> tuple[str, ...]:
    """The words by which a body or a case uses what a rule allows."""
    if shell := _SHELL.fullmatch(rule):
        return (shell[1],)
    return ("Edit", "Write") if _EDITS.fullmatch(rule) else (rule.partition("(")[0],)


# -- body --------------------------------------------------------------------------------------------------------------


def _sections(playbook: Playbook) -> Iterator[Fault]:
    found = playbook.sections
    if "TODO" in playbook.body:
        yield _in(playbook, "TODO", "form", f"TODO stands there {playbook.body.count('TODO')} times", "write it")
    for title in SECTIONS:
        if title not in found:
            what = f"the section “{title}” is missing"
            yield Fault(playbook.path, playbook.above + 1, "form", what, f"add it: ## {title}")
        elif not found[title].strip() and title != "Answer":
            yield _in(playbook, f"## {title}", "form", f"“{title}” says nothing", "write it, or say “None: …” and why")
    there = [title for title in found if title in SECTIONS]
    if there != [title for title in SECTIONS if title in found]:
        what = "the sections stand in another order than in every other playbook"
        yield _in(playbook, f"## {there[0]}", "form", what, ", ".join(SECTIONS))
    yield from _steps(playbook)
    if "Answer" in found and not re.search(r"^## Answer\s+^```\n.+?^```$", playbook.body, re.MULTILINE | re.DOTALL):
        fix = "give its form between two lines of ```"
        yield _in(playbook, "## Answer", "form", "“Answer” shows no form", fix)


def _steps(playbook: Playbook) -> Iterator[Fault]:
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", playbook.sections.get("Steps", ""), re.MULTILINE)]
    if "Steps" in playbook.sections and (len(numbers) < 2 or numbers != list(range(1, len(numbers) + 1))):
        what = "the steps aren't numbered from 1, or there is only one"
        yield _in(playbook, "## Steps", "form", what, "number them: 1. 2. 3.")


def _named(playbook: Playbook, known: Known) -> Iterator[Fault]:
    """What stands in backticks and isn't there."""
    nouns = {name.partition("_")[0] for name in known.tools}
    for word in dict.fromkeys(re.findall(r"`([^`\n]+)`", playbook.body)):
        tool = re.fullmatch(r"([a-z]+)_[a-z]+", word)
        if tool and tool[1] in nouns and word not in known.tools:
            yield _in(playbook, word, "tool", f"there is no tool {word}", f"choose of {', '.join(known.tools)}")
        elif (other := re.match(r"/onefirm:([a-z-]+)", word)) and other[1] not in known.playbooks:
            fix = f"there are {', '.join(sorted(known.playbooks))}"
            yield _in(playbook, word, "tool", f"there is no playbook /onefirm:{other[1]}", fix)
        elif word.startswith("onefirm ") and not any(word.startswith(path) for path in known.commands - {"onefirm"}):
            yield _in(playbook, word, "tool", f"there is no command `{word}`", "`onefirm --help` lists them")
        elif _OWN_FILE.fullmatch(word) and not known.exists(word):
            yield _in(playbook, word, "link", f"there is no file {word}", "make it, or correct the path")
    yield from _unallowed(playbook, known)


def _unallowed(playbook: Playbook, known: Known) -> Iterator[Fault]:
    for title in ("Facts first", "Steps"):
        used = dict.fromkeys(re.findall(r"`([a-z_]+)`", playbook.sections.get(title, "")))
        for name in used:
            if name in known.tools and name not in (*playbook.allowed, _OPERATORS):
                what = f"“{title}” uses {name}, for which the operator would be asked each time"
                yield _in(playbook, f"`{name}`", "tool", what, f"add {TOOLS}{name} to allowed-tools")


# -- the gate ----------------------------------------------------------------------------------------------------------


def _gate(playbook: Playbook, known: Known) -> Iterator[Fault]:
    gate = playbook.sections.get("Gate")
    if gate is None:
        return
    writing = [rule for rule in playbook.allowed if writes(rule, known)]
    asks = ASKS in gate
    if writing and not asks:
        what = f"it may write ({', '.join(writing)}), and the gate doesn't ask"
        fix = f"show what would be written and ask with {ASKS}; nobody can be asked: write nothing, hand it over"
        yield _in(playbook, "## Gate", "gate", what, fix)
    if asks != (ASKS in playbook.allowed):
        what, fix = ("the gate asks", "add it to") if asks else ("the gate doesn't ask", "take it out of")
        what = f"{what} with {ASKS}, and allowed-tools {'lacks' if asks else 'has'} it"
        yield _in(playbook, "## Gate", "gate", what, f"{fix} allowed-tools, or change the gate")
    if asks and "Nobody can be asked" not in gate:
        fix = "add: “Nobody can be asked: write nothing, hand over …”"
        yield _in(playbook, "## Gate", "gate", "the gate doesn't say what happens where nobody can be asked", fix)
    if not writing and not asks and "nothing is written" not in gate.lower():
        yield _in(playbook, "## Gate", "gate", "the gate neither asks nor says that nothing is written", "say which")


def _at(playbook: Playbook, key: str, rule: Rule, what: str, fix: str) -> Fault:
    """A fault of the front matter."""
    return Fault(playbook.path, playbook.lines.get(key, 1), rule, what, fix)


def _in(playbook: Playbook, word: str, rule: Rule, what: str, fix: str) -> Fault:
    """A fault of the body."""
    return Fault(playbook.path, playbook.line_of(word), rule, what, fix)
