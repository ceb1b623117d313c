"""Failures that pass by themselves: what they are called, wherever they are told. Nothing is learned from one."""

from __future__ import annotations

import re

_KINDS = (
    ("a timeout", r"\btim(?:ed|es|ing) out\b|\b(?:read|connect(?:ion)?|request|gateway|lock wait)\s*time-?out\b"
                  r"|\btime-?out (?:error|occurred|expired|exceeded)\b|\bETIMEDOUT\b|\bdeadline exceeded\b"),
    ("a rate limit", r"\brate[- ]?limit(?:ed|ing)?\b|\btoo many requests\b|\b(?:HTTP|status|error|code|a)\s*429\b"),
    ("an error of a server", r"\b(?:HTTP|status|error|code)\s*(?:code\s*)?:?\s*5\d\d\b|\b5\d\d (?:error|response)\b"
                             r"|\bbad gateway\b|\bservice unavailable\b|\binternal server error\b|\boverloaded\b"),
    ("the network", r"\bconnection (?:was )?(?:reset|refused|aborted|lost|dropped)\b|\bECONN(?:RESET|REFUSED|ABORTED)\b"
                    r"|\bEAI_AGAIN\b|\bnetwork (?:is |was )?(?:unreachable|down|error)\b|\bname resolution\b"
                    r"|\bcould not resolve host\b|\bsocket hang up\b|\bno route to host\b"),
    ("a locked database", r"\bdatabase (?:is|was) locked\b|\bSQLITE_BUSY\b|\bdeadlock detected\b"),
)  # fmt: skip
_PATTERNS = tuple((called, re.compile(pattern, re.IGNORECASE)) for called, pattern in _KINDS)


def kind_of(text: str) -> str:
    """What passed by itself, as the text tells it; "" where it tells of none."""
    return next((called for called, pattern in _PATTERNS if pattern.search(text)), "")
