"""Receipts and state as a projection of ledger events: repeatable, so that a lost session.db is rebuilt from the
ledger.
"""

from __future__ import annotations

import json

from onefirm.sessions import db, known, lines, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from sqlite3 import Connection
    from typing import Any

_MARK = "mark:"  # before a chain's id, in `meta`: the id of the event at its watermark
_BEGIN_ANEW = (
    "delete from watermark", "delete from receipt", "delete from known", "delete from state", "delete from state_past",
    "delete from alias", "delete from decided", "delete from meta where key like 'mark:%'",
)  # fmt: skip
_RECEIPT = {
    "record.seen": "seen",
    "record.created": "written",
    "record.updated": "written",
    "record.archived": "written",
    "record.restored": "written",
    "record.queued": "pending",
}
_STATE = {"record.created", "record.updated", "record.archived", "record.restored", "record.pulled", "record.seen"}


def apply(where: str | Connection, events: Iterable[Mapping[str, Any]], chain_id: str) -> int:
    """Takes in events of one chain, in any order; those at or below the chain's watermark are skipped. `where` is the
    workspace, or session.db open already.

    Gives the new watermark. An event's first subject is the record it is about.
    """
    with db.writing(where) as conn:
        mark = _watermark(conn, chain_id)
        fresh = sorted((event for event in events if event["seq"] > mark), key=lambda event: event["seq"])
        for event in fresh:
            _take(conn, event)
        if fresh:
            mark = int(fresh[-1]["seq"])
            conn.execute(
                "insert into watermark values (?, ?) on conflict (chain_id) do update set seq = excluded.seq",
                (chain_id, mark),
            )
            conn.execute("insert or replace into meta values (?, ?)", (_MARK + chain_id, str(fresh[-1].get("id"))))
        return mark


def watermarks(where: str | Connection) -> dict[str, int]:
    """Up to which event each chain has been taken in."""
    return {chain_id: seq for chain_id, (seq, _) in marks(where).items()}


def marks(where: str | Connection) -> dict[str, tuple[int, str | None]]:
    """The last event of each chain that has been taken in: its seq and its id, which tells whether the ledger still has
    it. None for an id that was not kept.
    """
    with db.reading(where) as conn:
        rows = conn.execute("select chain_id, seq, (select value from meta where key = ? || chain_id) from watermark",
                            (_MARK,)).fetchall()  # fmt: skip
    return {chain_id: (seq, ident) for chain_id, seq, ident in rows}


def begin_anew(where: str | Connection, chain_id: str, mark: tuple[int, str | None]) -> None:
    """Lets go of everything that came out of events: the chain has lost the one at this mark.

    Nothing happens where the mark has moved since it was read: somebody else has begun anew.
    """
    with db.writing(where) as conn:
        if marks(conn).get(chain_id) == mark:
            for statement in _BEGIN_ANEW:
                conn.execute(statement)


def alias(root: str, temporary: str, ref: str) -> None:
    """Makes a ref given offline mean the record that the truth has since named; receipts move along."""
    with db.writing(root) as conn:
        _alias(conn, state.canonical(temporary), state.canonical(ref))


def _watermark(conn: Connection, chain_id: str) -> int:
    row = conn.execute("select seq from watermark where chain_id = ?", (chain_id,)).fetchone()
    return int(row[0]) if row else 0


def _take(conn: Connection, event: Mapping[str, Any]) -> None:
    kind = str(event["kind"])
    if kind == "payload.erased":
        _forget(conn, event)
        return
    payload = event.get("payload")
    if kind == "decision.recorded" and payload and event.get("session"):
        _decision(conn, event, payload)
    if not kind.startswith("record.") or not payload or not event["subjects"]:
        return
    ref = state.canonical(event["subjects"][0])
    for other in event["subjects"][1:]:
        if _is_temporary(other) and not _is_temporary(ref) and other.partition("-")[0].upper() == ref.partition("-")[0]:
            _alias(conn, state.canonical(other), ref)
    if kind in _STATE:
        _state(conn, ref, event, payload)
    if kind in _RECEIPT and event.get("session"):
        _receipt(conn, ref, event, _RECEIPT[kind], payload.get("etag"))
    if kind == "record.conflicted":
        # What waited was not accepted: whoever relied on it has to look again.
        conn.execute("delete from receipt where ref = ? and kind = 'pending'", (ref,))


def _receipt(conn: Connection, ref: str, event: Mapping[str, Any], kind: str, etag: str | None) -> None:
    ref = state.resolve(conn, ref)
    conn.execute("insert or replace into receipt values (?, ?, ?, ?, ?)",
                 (event["session"], ref, kind, etag, event["at"]))  # fmt: skip
    if kind == "pending":
        known.begin(conn, event["session"], ref, event["at"])
    else:
        known.learn(conn, event["session"], ref, event["at"], etag)


def _decision(conn: Connection, event: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
    """Only an open session's: notes are for those who go on."""
    conn.execute(
        "insert or replace into decided select ?, id, ?, ? from session where id = ? and closed_at is null",
        (payload["ref"], payload["what"], event["id"], event["session"]),
    )


def _state(conn: Connection, ref: str, event: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
    known = state.of(conn, ref)
    if known and known["at"] > event["at"]:
        return
    after = dict(payload.get("after") or {})
    props = {**(known["props"] if known else {}), **after}
    status = after.get("status", known["status"] if known else None)
    if known and known["status"] and known["status"] != status:
        conn.execute("insert or replace into state_past values (?, ?, ?)", (known["ref"], known["status"], event["at"]))
    conn.execute(
        "insert or replace into state values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            state.resolve(conn, ref), str(payload.get("kind") or (known["kind"] if known else "")),
            str(after.get("title") or payload.get("title") or (known["title"] if known else "")),
            status, json.dumps(props, separators=(",", ":")), payload.get("etag") or (known["etag"] if known else None),
            *_signed(event, payload, known), _archived(event, payload, bool(known and known["archived"])), event["id"],
        ),
    )  # fmt: skip


def _signed(
    event: Mapping[str, Any], payload: Mapping[str, Any], known: Mapping[str, Any] | None
) -> tuple[str, str | None]:
    # A look changes nothing: the record's last word stays with whoever wrote it.
    if event["kind"] == "record.seen" and known:
        return known["at"], known["actor"]
    if event["kind"] == "record.pulled" and payload.get("editor"):
        # Whoever edited it elsewhere did so before it was taken over.
        return str(payload.get("edited_at") or event["at"]), f"{event['actor']}/{lines.name(str(payload['editor']))}"
    return event["at"], event.get("actor")


def _archived(event: Mapping[str, Any], payload: Mapping[str, Any], before: bool) -> int:
    word = payload.get("change") if event["kind"] == "record.pulled" else event["kind"].partition(".")[2]
    return int({"archived": True, "restored": False, "created": False}.get(str(word), before))


def _forget(conn: Connection, event: Mapping[str, Any]) -> None:
    """Erased payloads must not live on here: the rows they made go, and come back from what the ledger still holds."""
    for ref in event["subjects"]:
        conn.execute("delete from state where ref = ?", (state.resolve(conn, ref),))
        conn.execute("delete from known where ref = ?", (state.resolve(conn, ref),))
    payload: Mapping[str, Sequence[str]] = event.get("payload") or {}
    for ident in payload.get("events", ()):
        conn.execute("delete from state where event = ?", (ident,))
        conn.execute("delete from decided where event = ?", (ident,))


def _alias(conn: Connection, temporary: str, ref: str) -> None:
    conn.execute("insert or replace into alias values (?, ?)", (temporary, ref))
    conn.execute("update or replace receipt set ref = ? where ref = ?", (ref, temporary))
    conn.execute("update or replace known set ref = ? where ref = ?", (ref, temporary))
    conn.execute("update or ignore state set ref = ? where ref = ?", (ref, temporary))
    conn.execute("delete from state where ref = ?", (temporary,))


def _is_temporary(ref: str) -> bool:
    return ref.partition("-")[2][:1].lower() == "x"
