"""The evaluation cases of a playbook, held to it: they call what exists, use all that it may use, and try its gate.

A case is what the operator says and answers, what the model does, turn by turn, and what is left. The words of one are
explained in tests/client/casework.py. Nothing is read from the disk here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from onefirm import yamlfile
from onefirm.narrative.faults import Fault
from onefirm.narrative.playbooks import ASKS, Known, Playbook, reads
from onefirm.yamlfile import YamlFile

ASK = "ask"
_CLIENTS = frozenset({ASK, "Read", "Edit", "Write", "Bash", "Glob", "Grep", "WebFetch", "WebSearch"})
# What was given is kept as it is: that claims nothing, so nobody has to be asked first.
_ARCHIVES, _ARCHIVED = "memory_ingest", "source.archived"
_NEEDED: Mapping[str, type] = {"case": str, "turns": list, "written": list}
# The words that a case may do without, and what each has to be.
_FREE: Mapping[str, tuple[type, str]] = {
    "answers": (list, "write the choices, one a question: [Write]"),
    "refused": (dict, "write the number of a call and a part of what it was told: {2: AskUserQuestion}"),
    "dictated": (bool, "write true, or leave it out"),
}

Case = Mapping[str, Any]


def check(path: str, raw: bytes, playbook: Playbook, known: Known) -> list[Fault]:
    """Every fault of a playbook's cases, by line. Raises InvalidInput for what is no YAML."""
    file = yamlfile.parse(Path(path), raw)
    given = _listed(file.value)
    if not given:
        return [Fault(path, 1, "case", "there are no cases", "write at least one, as a list: `- case: …`")]
    broken = [fault for number, case in enumerate(given) for fault in _form(file, number, case)]
    if broken:
        return broken
    cases = cast("list[Case]", given)
    unwritten = [line for line, text in enumerate(raw.decode().split("\n"), 1) if "TODO" in text]
    return [
        *(Fault(path, line, "case", "TODO stands there", "write it") for line in unwritten),
        *(fault for number, case in enumerate(cases) for fault in _calls(file, number, case, known)),
        *_used(file, cases, playbook),
        *(_gate(file, cases, known) if ASKS in playbook.allowed else ()),
    ]


def calls(case: Case) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every call of a case, in order, as short name and input."""
    for turn in case["turns"]:
        for one in _listed(turn) or [turn]:
            if isinstance(one, Mapping):
                yield from cast("Mapping[str, Any]", one).items()


def changing(case: Case, known: Known) -> list[int]:
    """The places, among its calls, of those that change something of the firm; those that must be refused don't."""
    refused = {str(number) for number in case.get("refused") or ()}
    return [
        place
        for place, (name, given) in enumerate(calls(case))
        if str(place + 1) not in refused and _changes(name, given, known)
    ]


def _changes(name: str, given: object, known: Known) -> bool:
    if name == "Bash":
        return not (isinstance(given, Mapping) and reads(str(cast("Mapping[str, Any]", given).get("command", ""))))
    return (known.tools.get(name, False) and name != _ARCHIVES) or name in ("Edit", "Write")


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _form(file: YamlFile, number: int, case: object) -> Iterator[Fault]:
    if not isinstance(case, dict):
        yield _fault(file, number, "a case is no list of words", "write `case:`, `turns:`, `written:` below each other")
        return
    for word, kind in _NEEDED.items():
        value = cast("Case", case).get(word)
        if not isinstance(value, kind) or (word != "written" and not value):
            fix = {"case": "say in a sentence what is proven", "turns": "write what the model does, turn by turn"}
            yield _fault(file, number, f"`{word}` is missing", fix.get(word, "write which entries are left: []"))
    for word, (kind, fix) in _FREE.items():
        if word in case and not isinstance(cast("Case", case)[word], kind):
            line = file.line((number, word))
            yield Fault(str(file.path), line, "case", f"`{word}` says what it can't", fix)


def _calls(file: YamlFile, number: int, case: Case, known: Known) -> Iterator[Fault]:
    names = [name for name, _ in calls(case)]
    for name in dict.fromkeys(names):
        if name not in known.tools and name not in _CLIENTS:
            fix = f"choose of {', '.join([*known.tools, *sorted(_CLIENTS)])}"
            yield _fault(file, number, f"there is no tool {name}", fix)
    first = next(iter(changing(case, known)), None)
    if first is not None and ASK not in names[:first] and not case.get("dictated"):
        fix = "ask before it, or say `dictated: true` where the operator's own words are written"
        yield _fault(file, number, f"{names[first]} writes before the operator was asked", fix)


def _used(file: YamlFile, cases: list[Case], playbook: Playbook) -> Iterator[Fault]:
    used = {ASKS if name == ASK else name for case in cases for name, _ in calls(case)}
    for rule in playbook.allowed:
        tool = rule.partition("(")[0]
        if not used & ({"Edit", "Write"} if tool == "Edit" else {tool}):
            fix = "use it in a case, or take it out of allowed-tools"
            yield Fault(str(file.path), 1, "case", f"no case uses {rule}", fix)


def _gate(file: YamlFile, cases: list[Case], known: Known) -> Iterator[Fault]:
    """Whether a yes, a no and a nobody are tried."""
    asking = [case for case in cases if any(name == ASK for name, _ in calls(case))]
    silent = [case for case in asking if not set(case["written"]) - {_ARCHIVED}]
    tried = {
        "a yes, after which something is written": [c for c in asking if c.get("answers") and changing(c, known)],
        "a no (the last of `answers` is Leave), after which nothing is": [
            case for case in silent if list(case.get("answers") or [""])[-1] == "Leave"
        ],
        "nobody who could be asked (no `answers`), and nothing written": [c for c in silent if "answers" not in c],
    }
    for what, found in tried.items():
        if not found:
            yield Fault(str(file.path), 1, "case", f"no case tries {what}", "write that case")


def _fault(file: YamlFile, number: int, what: str, fix: str) -> Fault:
    line = file.line((number, "case")) if (number, "case") in file.lines else file.line((number,))
    return Fault(str(file.path), line, "case", what, fix)
