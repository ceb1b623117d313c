"""A playbook's evaluation case, played in the client: what the model does, what the operator answers, what is left.

The form of a case, in `cases/COMMAND.yaml`:

| key | |
|---|---|
| case | a sentence: what is proven |
| given | command lines for `onefirm`, before; the firm is client CL-1, project P-1 with a narrative file, task T-1 |
| place | files of the workspace, by path, before |
| arguments | what the operator types behind the command |
| answers | the operator's choices, one a question; without the key nobody can be asked (`claude -p`) |
| permits | tools for which the client asks besides, and the operator says yes |
| dictated | true where the operator's own words are written without a question |
| rubric | sentences for a real model's run (scripts/eval); no script is held to them |
| turns | what the model does: `{tool: input}`, a list of these for one message, `{ask: [choices]}`, or a text |
| refused | number of a call (from 1) and a part of what it was told; every other call must go through |
| shows, hides | parts of what the calls' answers told the model, or did not |
| written | the ledger's entries of Claude, in order, looks apart |
| records, decisions, lessons, files | values, sentences and parts of files as they are left |
| gone | paths of the workspace that aren't there |

Where a change says `if_match: seen`, the model gives the etag that it was shown last.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from client.driver import Answer, Asked, Call, Permission, Reply, Turn, allow, deny
from client.firm import Firm, tool
from client.stage import Stage
from onefirm.narrative.playbook_cases import Case
from support import playbooks

QUESTION = "Shall I?"
EDITORS = {"Edit", "Write"}
CLIENTS = EDITORS | {"Read", "Bash", "AskUserQuestion"}


def play(stage: Stage, command: str, case: Case) -> None:
    """Play a case and hold the client, the ledger and the workspace to it."""
    firm, host = stage.firm, stage.host
    for path, text in case.get("place", {}).items():
        firm.lab.write(path, text)
    for line in case.get("given", ()):
        firm.cli(*shlex.split(line))
    before = len(written(firm))
    permits = list(case.get("permits", ()))
    if host:
        host.permissions.clear()
        host.permit = operator(list(case["answers"]), permits[:])
    typed = f"/onefirm:{command} {case.get('arguments', '')}".rstrip()
    first, results = stage.ask(typed, *(turn(firm, one) for one in case["turns"]))
    if any(result.tool in EDITORS for result in results):
        stage.clear()  # what was edited is entered in the ledger at the end of the session
    _hold_expanded(first.text, command, case)
    hold_calls(results, case)
    assert (
        not host or [asked.tool for asked in host.permissions] == ["AskUserQuestion"] * len(case["answers"]) + permits
    )
    _hold_left(firm, case, before)


def operator(answers: list[str], permits: list[str]) -> Callable[[Permission], Answer]:
    """A person who answers the playbook's questions and what the case permits; anything else is asked in vain."""

    def permit(permission: Permission) -> Answer:
        if permission.tool in permits:
            permits.remove(permission.tool)
            return allow(permission)
        if permission.tool != "AskUserQuestion" or not answers:
            return deny("the playbook had no permission for this")
        return allow(permission, answers={QUESTION: answers.pop(0)})

    return permit


def turn(firm: Firm, one: Any) -> Turn:
    """One turn of the model, as the client takes it."""
    if isinstance(one, str):
        return one
    calls = tuple(_call(firm, call) for call in (one if isinstance(one, list) else [one]))
    return lambda asked: Reply(calls=tuple(replace(call, input=_as_seen(call.input, asked)) for call in calls))


def _call(firm: Firm, one: Mapping[str, Any]) -> Call:
    ((name, given),) = one.items()
    if name == "ask":
        options = [{"label": choice, "description": choice} for choice in given]
        question = {"question": QUESTION, "header": "Gate", "multiSelect": False, "options": options}
        return Call("AskUserQuestion", {"questions": [question]})
    paths = {"file_path": str(firm.lab.project / given["file_path"])} if "file_path" in given else {}
    return Call(name if name in CLIENTS else tool(name), {**given, **paths})


def _as_seen(given: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
    """A call's input, with the etags that the model was shown."""
    if not any(change.get("if_match") == "seen" for change in given.get("changes", ())):
        return given
    shown = _etags(asked)
    changes = [
        {**change, "if_match": shown[change["ref"]]} if change.get("if_match") == "seen" else change
        for change in given["changes"]
    ]
    return {**given, "changes": changes}


def _etags(asked: Asked) -> Mapping[str, str]:
    """The etag of each record as the model was shown it last."""
    shown: dict[str, str] = {}
    for result in asked.results:
        table = json.loads(result.text) if result.text.startswith('{"columns":') else {"columns": [], "rows": []}
        rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
        shown |= {row["ref"]: row["etag"] for row in rows if "etag" in row}
    return shown


def _hold_expanded(shown: str, command: str, case: Case) -> None:
    """The whole playbook stands before the model, with what the operator said in its place."""
    typed = str(case.get("arguments", "")).replace("!`", "\\! `")  # the client's way not to run what was typed
    body = playbooks.every()[command].body.replace("$ARGUMENTS", typed)
    assert f"<command-name>/onefirm:{command}</command-name>" in shown
    assert body.strip() in shown, shown[shown.find("<command-name>") :][:3000]


def hold_calls(results: Any, case: Case) -> None:
    """Every call went through, or was refused with the words that the case has."""
    refused: Mapping[int, str] = case.get("refused", {})
    for number, result in enumerate(results, 1):
        assert result.refused == (number in refused), f"call {number}, {result.tool}: {result.text}"
        assert refused.get(number, "") in result.text, result.text
    told = "\n".join(result.text for result in results)
    assert [part for part in case.get("shows", ()) if part not in told] == [], told
    assert [part for part in case.get("hides", ()) if part in told] == [], told


def _hold_left(firm: Firm, case: Case, before: int) -> None:
    assert written(firm)[before:] == case["written"], written(firm)[before:]
    for ref, values in case.get("records", {}).items():
        record = firm.json("record", "get", ref)
        left = {name: record["props"].get(name) for name in values}
        assert left == values, left
    for what in case.get("decisions", ()):
        assert what in firm.cli("decision", "list")
    for rule in case.get("lessons", ()):
        assert rule in firm.cli("lesson", "list")
    assert [path for path in case.get("gone", ()) if (firm.lab.project / path).exists()] == []
    for path, part in case.get("files", {}).items():
        assert part in (firm.lab.project / path).read_text(encoding="utf-8")


def written(firm: Firm) -> list[str]:
    """The kinds of Claude's entries in the ledger, oldest first; looks and the session's own marks apart."""
    log = firm.json("ledger", "log", "--limit", "1000")
    kinds = [entry["kind"] for entry in log if entry["actor"].startswith("claude")]
    return [kind for kind in kinds if kind != "record.seen" and not kind.startswith("session.")]
