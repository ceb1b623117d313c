"""The canary: edits that the guard must refuse, put to its own decision and to the workspace's own rules at each
session's start. Nothing is written: an edit that nobody makes is judged like any other.
"""

from __future__ import annotations

import time

from hooks import guard as hook
from onefirm.narrative import guard, rules
from onefirm.sessions import canary, marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PATH = "context/canary/CLAUDE.md"
# A record that no session can have looked at, onefirm's own data, and a file that is generated.
_UNSEEN = "# Canary\n\nRecord: {prefix}-999999999\n\nThe song came first, because the light was out.\n"
_PRIVATE, _GENERATED = ".onefirm/canary", ".claude/rules/onefirm/canary.md"


def sing(root: str, version: str) -> str:
    """Tests the guard, leaves the mark, and gives what to tell where it failed. Never raises."""
    began = time.perf_counter()
    try:
        outcome = _outcome(root)
    except Exception:  # whatever a broken guard does instead of denying, it doesn't deny
        outcome = canary.BAD_CODE
    marks.leave(root, canary.HOOK, outcome, (time.perf_counter() - began) * 1000, version)
    return canary.told(outcome)


def _outcome(root: str) -> str:
    try:
        known = rules.load(root)
    except rules.RulesLost:
        known = None
    prefix = next((kind["prefix"] for kind in known["kinds"].values()), "P") if known else "P"
    answers = [_asked(root, PATH, _UNSEEN.format(prefix=prefix)), _asked(root, _PRIVATE, "x")]
    if canary.LIFTED in answers:
        return canary.LIFTED
    if answers != [canary.DENIED] * 2:
        return canary.BAD_CODE
    if known and not (_reads(known) and _asked(root, _GENERATED, "x") == canary.DENIED):
        return canary.BAD_RULES
    return canary.DENIED


def _asked(root: str, path: str, text: str) -> str:
    """What the guard answers to a file that a stranger would write."""
    call = {"tool_name": "Write", "tool_input": {"file_path": f"{root}/{path}", "content": text}, "cwd": root}
    said, output = hook.run(call, root)
    if said == hook.LIFTED:
        return canary.LIFTED
    decision = (output or {}).get("hookSpecificOutput", {}).get("permissionDecision")
    return canary.DENIED if decision == "deny" else "passed"


def _reads(known: Mapping[str, Any]) -> bool:
    """Whether some kind's words are there to find a false status by, and a property that was written out."""
    return any(_finds(known, kind) for kind in known["kinds"].values() if len(kind["statuses"]) > 1)


def _finds(known: Mapping[str, Any], kind: Mapping[str, Any]) -> bool:
    statuses = list(kind["statuses"].values())
    names = [names[0] for key, names in kind["properties"].items() if kind["types"].get(key) == "status"]
    ref, false = f"{kind['prefix']}-999999999", statuses[-1]["words"][0]
    stated = "".join(f"{name}: {false}\n" for name in names[:1])
    text = f"# Canary\n\nRecord: {ref}\n\n{ref} is now {false}.\n\n{stated}"
    state = {"title": "Canary", "status": next(iter(kind["statuses"])), "actor": None, "at": "", "etag": "1"}
    verdict = guard.judge(known, PATH, None, text, lambda _: {"kind": "seen", "etag": "1"}, lambda _: state)
    return {"contradiction", "property"} <= {finding["rule"] for finding in verdict["findings"]}
