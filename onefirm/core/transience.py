"""Failures that pass by themselves: what they are called, wherever they are told. Nothing is learned from one.

A word that a person's sentence may hold as well (an overloaded form, a job without a timeout) counts only beside what
makes it a machine's.
"""

from __future__ import annotations

import re

_SAID = r"\b(?:HTTP(?:/[\d.]+)?|status(?:[ _-]?code)?|errors?|code)\W{0,3}"
_SERVER = r"(?:it|server|service|api|model|system|host|endpoint)"
_KINDS = (
    ("a timeout",
        r"\btim(?:ed|es|ing) out\b|\b(?:read|connect(?:ion)?|request|gateway|lock wait|handshake|i/o)\s*time-?out"
        r"|\btime-?out ?(?:error|occurred|expired|exceeded|of \d)|\btime-?out \d+ ?m?s\b|(?-i:[a-z]Timeout\b)"
        r"|\bETIMEDOUT\b|\bdeadline exceeded\b|\bexit code 124\b|\bzeitüberschreitung|\bdélai d['’]attente\b"
        r"|\btiempo de espera (?:agotado|excedido)\b"),
    ("a rate limit",
        r"\brate[-_ ]?limit(?:s?\b|ed\b|ing\b|_|error)|\btoo many requests\b|\bzu viele anfragen\b"
        rf"|(?:{_SAID}|\ba )429\b|^\W*429\W*$|\bthrottl(?:ed|ing(?:exception)?)\b|\bresource_exhausted\b"),
    ("an error of a server",
        rf"{_SAID}5\d\d\b|\b5\d\d (?:error|response)\b|\bbad gateway\b|\bservice unavailable\b"
        r"|\binternal server error\b|\boverloaded_error\b|\b529\W+overloaded\b|\btemporarily unavailable\b"
        rf"|\b{_SERVER} (?:is|was) (?:currently |temporarily )?overloaded\b|\bserver (?:ist|war) überlastet\b"),
    ("the network",
        r"\bconnection (?:was )?(?:reset|refused|aborted|lost|dropped|closed by)\b|\bfetch failed\b"
        r"|\bE(?:CONN(?:RESET|REFUSED|ABORTED)|AI_AGAIN|HOSTUNREACH|NETUNREACH|NOTFOUND|PIPE)\b"
        r"|\bnetwork (?:is |was )?(?:unreachable|down|error)\b|\bname resolution\b|\bnamensauflösung\b"
        r"|\b(?:could not|couldn['’]t) (?:resolve host|connect to)\b|\bsocket hang up\b|\bno route to host\b"
        r"|\bremote end hung up\b|\brecv failure\b|\bnetzwerk (?:ist )?nicht erreichbar\b"
        r"|\bverbindung\w*(?: wurde)? (?:abgelehnt|zurückgesetzt|unterbrochen|getrennt)\b"
        r"|\bconnexion (?:refusée|réinitialisée)\b|\bconexión (?:rechazada|restablecida)\b"),
    ("a lock",
        r"\bdatabase (?:is|was) locked\b|\bSQLITE_BUSY\b|\bdeadlock detected\b|\bcould not get lock\b"
        r"|\bindex\.lock'?: file exists\b"),
)  # fmt: skip
_PATTERNS = tuple((called, re.compile(pattern, re.IGNORECASE)) for called, pattern in _KINDS)


def kind_of(text: str) -> str:
    """What passed by itself, as the text tells it; "" where it tells of none."""
    return next((called for called, pattern in _PATTERNS if pattern.search(text)), "")
