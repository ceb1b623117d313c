"""What a session's edits come to: each changed file's net difference, judged by the receipts and the truth of this
moment.
"""

from __future__ import annotations

from onefirm.narrative import guard
from onefirm.sessions import edits, receipts, state, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from sqlite3 import Connection
    from typing import Any

    from onefirm.narrative.guard import Finding, ReceiptOf, Verdict

_LOOKED: dict[str, Any] = {"kind": "seen", "etag": None, "at": ""}


def of_session(
    conn: Connection, root: str, rules: Mapping[str, Any], session: str, paths: Collection[str] | None = None
) -> dict[str, list[Finding]]:
    """The findings of each file that the session changed (of these paths, if given); none, and it is left out."""
    judge = _judge(conn, root, rules, session, lambda ref: receipts.of(conn, session, ref))
    found: dict[str, list[Finding]] = {}
    for path, base in edits.net(conn, session).items():
        if paths is not None and path not in paths:
            continue
        whole = judge(path, tree.text(conn, base), _now(conn, path))["findings"]
        steps = edits.own_steps(conn, session, path) if whole else []
        findings = _of_steps(conn, judge, path, steps) if steps else whole
        if findings:
            found[path] = findings
    return found


def of_others(
    conn: Connection, root: str, rules: Mapping[str, Any], session: str, since: str
) -> dict[str, tuple[str, list[Finding]]]:
    """What others changed since an instant: path -> (who, what contradicts the truth). They owe no receipt."""
    judge = _judge(conn, root, rules, session, lambda ref: _LOOKED)
    found: dict[str, tuple[str, list[Finding]]] = {}
    for path, (before, after, who) in edits.outside(conn, session, since).items():
        found[path] = (who, judge(path, tree.text(conn, before), tree.text(conn, after))["findings"])
    return found


def _judge(
    conn: Connection, root: str, rules: Mapping[str, Any], session: str, receipt_of: ReceiptOf
) -> Callable[[str, str | None, str | None], Verdict]:
    row = conn.execute("select started_at from session where id = ?", (session,)).fetchone()
    since = str(row[0]) if row else "9999"

    def judge(path: str, old: str | None, new: str | None) -> Verdict:
        return guard.judge(
            rules, path, old, new, receipt_of, lambda ref: state.of(conn, ref), lambda ref: state.past(conn, ref, since)
        )

    return judge


def _of_steps(
    conn: Connection,
    judge: Callable[[str, str | None, str | None], Verdict],
    path: str,
    steps: list[tuple[str | None, str | None]],
) -> list[Finding]:
    """Where others changed the file too, each own step is judged by itself, and only lines that still stand count."""
    now = " ".join((_now(conn, path) or "").split())
    found: dict[tuple[str, str], Finding] = {}
    for before, after in steps:
        for finding in judge(path, tree.text(conn, before), tree.text(conn, after))["findings"]:
            key = finding["line"], finding["why"]
            if key not in found and finding["line"] in now:
                found[key] = finding
    return list(found.values())


def _now(conn: Connection, path: str) -> str | None:
    row = conn.execute("select sha from file where path = ?", (path,)).fetchone()
    return tree.text(conn, row[0]) if row else None
