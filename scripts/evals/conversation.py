"""One case as a conversation with a real model: what it was asked, did, was told and said, and what is left of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from client.casework import written
from client.driver import Answer, Host, Permission, Run, allow, deny
from client.firm import PLUGIN, Firm
from evals.api import Api
from onefirm.narrative.playbook_cases import Case
from onefirm.narrative.playbooks import ASKS, TOOLS, Playbook

TIMEOUT_S = 900
_LONGEST_ANSWER = 4_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What one conversation took, as the client counts it."""

    usd: float
    tokens_in: int
    tokens_out: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """One call: its tool by its short name, what was sent, what came back."""

    tool: str
    sent: Mapping[str, Any]
    refused: bool
    told: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """`left` are the kinds of Claude's entries in the ledger; `failed` says why the client gave up, if it did."""

    asked: str
    steps: Sequence[Step]
    said: str
    left: Sequence[str]
    cost: Cost
    failed: str = ""


def hold(firm: Firm, name: str, playbook: Playbook, case: Case, api: Api, *, with_playbook: bool) -> Conversation:
    """Let the model do the case's work, by the playbook or without it, with the same permissions."""
    for path, text in case.get("place", {}).items():
        firm.lab.write(path, text)
    for line in case.get("given", ()):
        firm.cli(*shlex.split(line))
    before = len(written(firm))
    asked = request(name, playbook, case, with_playbook=with_playbook)
    host = _operator(case) if "answers" in case else None
    options: dict[str, Any] = {
        "plugins": [PLUGIN], "permission_mode": "default", "host": host, "strict": False, "timeout_s": TIMEOUT_S,
        "env": api.env(), "args": [*api.args(), *([] if with_playbook else ["--disallowedTools", "Skill"])],
        "allow": () if with_playbook else _rules(playbook),
    }  # fmt: skip
    with firm.lab.session(**options) if host else firm.lab.session(prompt=asked, **options) as session:
        if host:
            session.ask(asked)
        session.finish()
    firm.lab.settle()
    return _gathered(asked, session.run, written(firm)[before:])


def request(name: str, playbook: Playbook, case: Case, *, with_playbook: bool) -> str:
    """What the operator types: the command, or the same wish in plain words."""
    said = str(case.get("arguments", ""))
    if with_playbook:
        return f"/onefirm:{name} {said}".rstrip()
    wish = str(playbook.front["description"]).partition(" Use ")[0]
    return f"{wish}\n\n{said}".rstrip()


def _rules(playbook: Playbook) -> list[str]:
    return [str(rule) for rule in playbook.front.get("allowed-tools", ()) if rule != ASKS]


def _operator(case: Case) -> Host:
    """Answers the questions as the case does, in the words that the model offers; the last answer holds on."""
    answers, permits = list(case["answers"]), list(case.get("permits", ()))

    def permit(permission: Permission) -> Answer:
        if permission.tool in permits:
            return allow(permission)
        if permission.tool != ASKS:
            return deny("the operator says no to this")
        wanted = answers.pop(0) if len(answers) > 1 else answers[0]
        questions = permission.input.get("questions", ())
        return allow(permission, answers={one["question"]: chosen(one["options"], wanted) for one in questions})

    return Host(permit=permit)


def chosen(options: Sequence[Mapping[str, str]], wanted: str) -> str:
    """The label of the option that a case's answer means; where none has its word: no is the last, yes the first."""
    labels = [option["label"] for option in options]
    word = wanted.split()[0].casefold()
    fitting = [label for label in labels if word in label.casefold()]
    return (fitting or [labels[-1] if wanted == "Leave" else labels[0]])[0]


def _gathered(asked: str, run: Run, left: Sequence[str]) -> Conversation:
    final = run.final
    usage: Mapping[str, Any] = final.get("usage") or {}
    read = sum(int(usage.get(f"{name}input_tokens") or 0) for name in ("", "cache_creation_", "cache_read_"))
    cost = Cost(float(final.get("total_cost_usd") or 0), read, int(usage.get("output_tokens") or 0), run.wall_s)
    failed = "" if final and not final.get("is_error") else str(final.get("result") or run.stderr[-300:] or "no answer")
    return Conversation(asked, list(_steps(run)), run.text, left, cost, failed)


def _steps(run: Run) -> Iterator[Step]:
    """Each call with its answer, from the client's own account."""
    blocks = [
        block
        for event in run.events
        if event.get("type") in ("assistant", "user") and not event.get("parent_tool_use_id")
        for block in _blocks(event["message"].get("content"))
    ]
    told = {block["tool_use_id"]: block for block in blocks if block.get("type") == "tool_result"}
    for block in blocks:
        if block.get("type") == "tool_use":
            answer = told.get(block["id"], {})
            text = json.dumps(answer.get("content", ""), ensure_ascii=False)[:_LONGEST_ANSWER]
            yield Step(block["name"].removeprefix(TOOLS), block["input"], bool(answer.get("is_error")), text)


def _blocks(content: object) -> Sequence[Any]:
    return content if isinstance(content, list) else ()
