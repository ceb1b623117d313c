"""The canary: what the guard's test of itself at a session's start came to, and how a failure is told."""

from __future__ import annotations

from onefirm.sessions import marks

HOOK = "canary"
DENIED, LIFTED = "denied", "lifted by the operator"
BAD_RULES, BAD_CODE = "failed: rules", "failed: code"
_TOLD = {
    BAD_RULES: ("its rules (.onefirm/guard.json) find nothing wrong any more", "onefirm doctor --fix"),
    BAD_CODE: (
        "the plugin's own files no longer refuse it, so they were changed or are incomplete",
        "claude plugin uninstall onefirm@onefirm && claude plugin install onefirm@onefirm",
    ),
}


def last(root: str) -> str:
    """The outcome at the last session's start; "" where there was none."""
    return next((mark["outcome"] for mark in marks.all(root) if mark["hook"] == HOOK), "")


def failure(outcome: str) -> tuple[str, str] | None:
    """What is wrong with the guard, and the command that mends it; None where it denied."""
    if not outcome.startswith("failed"):
        return None
    why, fix = _TOLD.get(outcome, _TOLD[BAD_CODE])
    return f"the guard let a forbidden edit pass in its test at the session's start: {why}", fix


def told(outcome: str) -> str:
    """The failure and its mending in one sentence; "" where the guard denied."""
    found = failure(outcome)
    return f"{found[0]}. Run: {found[1]}" if found else ""
