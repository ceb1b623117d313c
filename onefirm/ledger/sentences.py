"""Entries as plain sentences: one dictionary entry per kind, and a sane sentence for everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from onefirm.ledger import words
from onefirm.ledger.events import Event
from onefirm.ledger.words import clean, listed, property_name, quoted, value

KNOWN_VERSION = 1
_MOST_CHANGES = 6


@dataclass(frozen=True, slots=True)
class Said:
    """`plain` needs the entry's row only (all that an erased entry has left), `full` its payload."""

    plain: str
    full: Callable[[Mapping[str, Any], Event], str]


def sentence(event: Event) -> str:
    """What happened, as one sentence: who, what, to which record, and why. Safe to print; no time."""
    who = words.actor(event.actor)
    said = SAID.get(event.kind)
    if said is None or event.version > KNOWN_VERSION:
        form = f" (form {event.version})" if said else ""
        return f"{who} wrote an entry “{clean(event.kind, 60)}”{form}{_about(event)}{_why(event)}."
    if event.payload is None:
        lost = "can't be read: it is damaged" if event.damaged else "was erased later"
        return f"{who} {said.plain}{_about(event)}; what it said {lost}."
    damage = "; the entry is damaged" if event.damaged else ""
    return f"{who} {said.full(event.payload, event)}{_why(event)}{damage}."


def line(event: Event, timezone: str = "UTC") -> str:
    """The sentence behind its local time, as `ledger log` prints it."""
    return f"{local_time(event.at, timezone)}  {sentence(event)}"


def local_time(at: str, timezone: str = "UTC") -> str:
    """`2026-11-21 10:00 CET` in an IANA time zone; a damaged time stays as it is."""
    try:
        return datetime.fromisoformat(at).astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M %Z")
    except ValueError:
        return clean(at, 40)


def _about(event: Event) -> str:
    return f" about {listed([clean(ref, 20) for ref in event.subjects])}" if event.subjects else ""


def _why(event: Event) -> str:
    return f", because: {clean(event.reason, 300).rstrip('.')}" if event.reason else ""


def _ref(event: Event) -> str:
    return clean(event.subjects[0], 20) if event.subjects else "a record"


def _named(data: Mapping[str, Any], event: Event) -> str:
    return clean(data.get("ref") or _ref(event), 20)


def _thing(data: Mapping[str, Any], event: Event) -> str:
    title = f" {quoted(data['title'])}" if data.get("title") else ""
    return f"{clean(data.get('kind') or 'record', 30)} {_ref(event)}{title}"


def _dict(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def _list(data: Mapping[str, Any], name: str) -> list[Any]:
    found = data.get(name)
    return cast("list[Any]", found) if isinstance(found, list) else []


def _values(data: Mapping[str, Any], *, without: tuple[str, ...] = ()) -> str:
    said = [
        f"{property_name(name)} {value(given)}"
        for name, given in data.items()
        if name not in without and given not in (None, "", [])
    ]
    return listed(said, _MOST_CHANGES)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    said = [
        f"{property_name(name)} from {value(before.get(name))} to {value(given)}"
        if before.get(name) not in (None, "", [])
        else f"{property_name(name)} to {value(given)}"
        for name, given in after.items()
    ]
    return listed(said, _MOST_CHANGES) or "nothing"


def _created(data: Mapping[str, Any], event: Event) -> str:
    given = _values(_dict(data, "after"), without=("title",))
    return f"created {_thing(data, event)}" + (f" with {given}" if given else "")


def _updated(data: Mapping[str, Any], event: Event) -> str:
    verb = "took back a change of" if data.get("undo_of") else "changed"
    return f"{verb} {_thing(data, event)}: {_changes(_dict(data, 'before'), _dict(data, 'after'))}"


def _queued(data: Mapping[str, Any], event: Event) -> str:
    given = _values(_dict(data, "after"))
    op = clean(data.get("op") or "change", 20)
    waits = "it waits until the truth can be reached"
    return f"asked to {op} {_thing(data, event)}{f' ({given})' if given else ''}; {waits}"


def _conflicted(data: Mapping[str, Any], event: Event) -> str:
    mine, theirs = _values(_dict(data, "mine")), _values(_dict(data, "theirs"))
    asked = f"; the operator decides in {clean(data['inbox'], 20)}" if data.get("inbox") else ""
    both = f"here {mine or 'nothing'}, there {theirs or 'nothing'}"
    return f"found {_thing(data, event)} changed elsewhere: {both}{asked}"


_KEPT = {
    "mine": "what waited here was kept", "theirs": "what was there stayed", "anew": "it is to be written",
    "found": "it was written before",
}  # fmt: skip


def _settled(data: Mapping[str, Any], event: Event) -> str:
    kept = _KEPT.get(str(data.get("keep")), "it was answered")
    asked = f" {clean(data['inbox'], 20)}" if data.get("inbox") else ""
    return f"decided the conflict{asked} about {_thing(data, event)}: {kept}"


def _answered(data: Mapping[str, Any], event: Event) -> str:
    asked = f": {clean(data['asked'], 300)}" if data.get("asked") else ""
    kept = clean(data.get("keep") or "nothing", 60)
    return f"answered {clean(data.get('inbox') or 'a question', 20)} with “{kept}”{asked}"


_PULLED = {"created": "created", "updated": "changed", "archived": "archived", "restored": "restored"}


def _pulled(data: Mapping[str, Any], event: Event) -> str:
    change = str(data.get("change"))
    said = f"{_PULLED.get(change, 'changed')} {_thing(data, event)} in the truth"
    return f"{said}: {_changes(_dict(data, 'before'), _dict(data, 'after'))}" if change == "updated" else said


def _decided(data: Mapping[str, Any], event: Event) -> str:
    why = f"; why: {clean(data['why'], 300).rstrip('.')}" if data.get("why") else ""
    instead = f", which supersedes {clean(data['supersedes'], 20)}" if data.get("supersedes") else ""
    others = [clean(other, 20) for other in event.subjects if other not in (data.get("ref"), data.get("supersedes"))]
    about = f" about {listed(others)}" if others else ""
    return f"decided {quoted(data.get('what', ''), 300)} ({_named(data, event)}){about}{instead}{why}"


def _learned(data: Mapping[str, Any], event: Event) -> str:
    why = f"; why: {clean(data['why'], 300).rstrip('.')}" if data.get("why") else ""
    return f"noted the lesson {quoted(data.get('rule', ''), 300)} ({_named(data, event)}){why}"


def _seen_again(data: Mapping[str, Any], event: Event) -> str:
    met, where = f"met the lesson {_named(data, event)} again", data.get("where")
    if isinstance(where, str):  # it was about no record
        return f"{met}: {quoted(where, 300)}"
    return f"{met} at {listed([value(place) for place in _list(data, 'where')] or ['the same place'])}"


def _kept(data: Mapping[str, Any], event: Event) -> str:
    about = listed([clean(ref, 20) for ref in _list(data, "about")])
    verb = "added" if event.kind == "artifact.added" else "linked"
    to = f"{' about' if verb == 'added' else ' to'} {about}" if about else ""
    return f"{verb} the {clean(data.get('kind') or 'artifact', 40)} {_ref(event)} {quoted(data.get('title', ''))}{to}"


def _told_apart(data: Mapping[str, Any], event: Event) -> str:
    return f"said that what was taken for the lesson {_named(data, event)} is another"


def _merged(data: Mapping[str, Any], event: Event) -> str:
    return f"made the guide {_named(data, event)} of {listed([clean(ref, 20) for ref in event.subjects[1:]])}"


def _enforced(data: Mapping[str, Any], event: Event) -> str:
    verb = "enforced" if event.kind == "lesson.enforced" else "proposed to enforce"
    return f"{verb} the lesson {_named(data, event)} as a {clean(data.get('form') or 'guard', 20)}"


_VERDICTS = {
    "harden": "hardened the lesson {}", "retire": "retired the lesson {}", "keep": "kept {} as a candidate",
    "patch": "retired the lesson {}, since it can't happen any more",
}  # fmt: skip


def _lesson_decided(data: Mapping[str, Any], event: Event) -> str:
    return _VERDICTS.get(str(data.get("verdict")), "decided about the lesson {}").format(_named(data, event))


def _sourced(data: Mapping[str, Any], event: Event) -> str:
    about = listed([clean(ref, 20) for ref in _list(data, "about")])
    called = f" {quoted(data['title'])}" if data.get("title") else ""
    return f"archived the {clean(data.get('kind') or 'source', 20)} {_ref(event)}{called}{about and f' about {about}'}"


def _found_out(data: Mapping[str, Any], event: Event) -> str:
    about = listed([clean(ref, 20) for ref in _list(data, "about")])
    verb = "noted" if data.get("status") != "candidate" else "noted as a candidate"
    return (
        f"{verb} the {clean(data.get('kind') or 'fact', 20)} {quoted(data.get('statement', ''), 300)} ({_ref(event)})"
        f"{about and f' about {about}'}{_from(data)}"
    )


def _evidenced(data: Mapping[str, Any], event: Event) -> str:
    return f"found more evidence of {_ref(event)}{_from(data)}"


def _from(data: Mapping[str, Any]) -> str:
    given = [cast("Mapping[str, Any]", one) for one in _list(data, "evidence") if isinstance(one, Mapping)]
    sources = dict.fromkeys(clean(one["source"], 20) for one in given if one.get("source"))
    return f", quoting {listed(list(sources))}" if sources else ""


def _fact_ended(data: Mapping[str, Any], event: Event) -> str:
    until = f", which held until {clean(data['valid_to'], 20)}" if data.get("valid_to") else ""
    if data.get("how") == "superseded":
        return f"superseded the fact {_ref(event)}{until}, by {clean(data.get('by') or 'a newer one', 20)}"
    return f"retracted the fact {_ref(event)}{until}"


def _fact_restored(data: Mapping[str, Any], event: Event) -> str:
    return f"let the fact {_ref(event)} hold again, without {clean(data.get('instead_of') or 'what closed it', 20)}"


_RULINGS = {"accept": "accepted the fact {}", "reject": "rejected the fact {}", "both": "let the fact {} stand beside"}


def _fact_decided(data: Mapping[str, Any], event: Event) -> str:
    ruling = _RULINGS.get(str(data.get("verdict")), "decided about the fact {}").format(_ref(event))
    against = listed([clean(ref, 20) for ref in _list(data, "against")])
    return f"{ruling}{against and (f' {against}' if data.get('verdict') == 'both' else f' against {against}')}"


def _opened(data: Mapping[str, Any], event: Event) -> str:
    source = f" ({clean(data['source'], 20)})" if data.get("source") else ""
    parent = f" that continues {clean(data['parent'], 40)}" if data.get("parent") else ""
    return f"opened session {clean(event.session or '', 40)}{source}{parent}".replace("session  ", "a session ")


def _closed(data: Mapping[str, Any], event: Event) -> str:
    died = ", which had died" if data.get("how") == "died" else ""
    touched = [clean(ref, 20) for ref in _list(data, "touched")]
    pending, unreconciled = data.get("pending") or 0, _list(data, "unreconciled")
    parts = (
        f"it touched {listed(touched)}" if touched else "",
        f"{pending} write{'s' * (pending != 1)} wait" + ("s" if pending == 1 else "") if pending else "",
        f"without receipt: {listed([clean(path) for path in unreconciled])}" if unreconciled else "",
    )
    said = "; ".join(part for part in parts if part)
    if not event.session:
        return "closed what had come without a session"
    return f"closed {_session(event)}{died}" + (f": {said}" if said else "")


_PROOFS = {
    "seen": ", after looking at it",
    "written": ", after writing to it",
    "pending": ", with a write that waits",
}


def _edited(data: Mapping[str, Any], event: Event) -> str:
    about = f" about {_ref(event)}" if event.subjects else ""
    proof = _PROOFS.get(str(data.get("receipt")), "") if event.subjects else ""
    doubt = f" (this session or {others})" if (others := _others(data.get("one_of"), event.session)) else ""
    return f"edited {clean(data.get('path') or 'a narrative file', 200)}{about}{proof}{doubt}"


def _others(one_of: object, session: str | None) -> str:
    named = cast("list[object]", one_of) if isinstance(one_of, list) else []
    return " or ".join(clean(one, 40) for one in named if one != session)


def _unreconciled(data: Mapping[str, Any], event: Event) -> str:
    why = f": {clean(data['why'], 200)}" if data.get("why") else ""
    return f"left {clean(data.get('path') or 'a narrative file', 200)} unreconciled with the records{why}"


def _archived(data: Mapping[str, Any], event: Event) -> str:
    paths = [clean(path, 200) for path in _list(data, "paths")]
    return f"moved the files of {_ref(event)} into the archive: {listed(paths)}"


def _confirmed(data: Mapping[str, Any], event: Event) -> str:
    about = f" about {listed([clean(ref, 20) for ref in event.subjects])}" if event.subjects else ""
    return f"confirmed that {clean(data.get('path') or 'a narrative file', 200)}{about} still holds"


def _lifted(data: Mapping[str, Any], _event: Event) -> str:
    minutes = f" for {value(data['minutes'])} minutes" if data.get("minutes") else ""
    return f"lifted the guard{minutes}"


def _walled(data: Mapping[str, Any], event: Event) -> str:
    before = data.get("before")
    instead = f", instead of {clean(before, 20)}" if before and before != data.get("client") else ""
    return f"declared {_session(event)} for {_client(data)}{instead}"


def _unwalled(data: Mapping[str, Any], event: Event) -> str:
    return f"lifted the client wall of {_client(data)} from {_session(event)}"


def _client(data: Mapping[str, Any]) -> str:
    title = f" {quoted(data['title'])}" if data.get("title") else ""
    return f"{clean(data.get('client') or 'a client', 20)}{title}"


def _session(event: Event) -> str:
    return f"session {clean(event.session, 40)}" if event.session else "a session"


def _wired(data: Mapping[str, Any], _event: Event) -> str:
    names = listed([clean(name, 80) for name in _list(data, "changed")], _MOST_CHANGES)
    if not names:
        return "took down the hooks, permissions and MCP servers of Claude Code as they are"
    return f"accepted changed hooks, permissions or MCP servers of Claude Code: {names}"


def _erased(data: Mapping[str, Any], _event: Event) -> str:
    count = len(_list(data, "events"))
    return f"erased the content of {count} {'entry' if count == 1 else 'entries'} for good"


def _founded(data: Mapping[str, Any], _event: Event) -> str:
    name = data.get("name") or data.get("firm") or data.get("title")
    return "created the workspace" + (f" of {quoted(name)}" if name else "")


def _restored(data: Mapping[str, Any], _event: Event) -> str:
    ends = [head.split(":") for head in map(clean, _list(data, "ends"))]
    told = [f"chain {head[0]} ends at entry {head[1]}" for head in ends if len(head) == 3]
    return f"put a backup back: {listed(told) or 'no chain goes on'}, and what came after is lost"


def _schema(data: Mapping[str, Any], _event: Event) -> str:
    plan = [clean(one, 200).rstrip(".") for one in _list(data, "plan")]
    more = f" (and {len(plan) - _MOST_CHANGES} more)" if len(plan) > _MOST_CHANGES else ""
    said = f": {'; '.join(plan[:_MOST_CHANGES])}{more}" if plan else ""
    return f"applied version {value(data.get('version'))} of the firm's schema{said}"


def _moved(data: Mapping[str, Any], _event: Event) -> str:
    number = data.get("records")
    what = "1 record" if number == 1 else f"{value(number)} records"
    return f"moved {what} from {value(data.get('from'))} to {value(data.get('to'))}"


def _simply(verb: str) -> Said:
    return Said(f"{verb} a record", lambda data, event: f"{verb} {_thing(data, event)}")


SAID: Mapping[str, Said] = {
    "record.created": Said("created a record", _created),
    "record.updated": Said("changed a record", _updated),
    "record.archived": _simply("archived"),
    "record.restored": _simply("restored"),
    "record.seen": _simply("looked at"),
    "record.queued": Said("asked for a change that waits", _queued),
    "record.conflicted": Said("found a conflict", _conflicted),
    "record.decided": Said("decided a conflict", _settled),
    "question.decided": Said("answered a question", _answered),
    "record.pulled": Said("changed a record in the truth", _pulled),
    "decision.recorded": Said("took a decision", _decided),
    "lesson.recorded": Said("noted a lesson", _learned),
    "lesson.seen_again": Said("met a lesson again", _seen_again),
    "lesson.told_apart": Said("told two lessons apart", _told_apart),
    "lesson.decided": Said("decided about a lesson", _lesson_decided),
    "lesson.merged": Said("made a guide of rules", _merged),
    "lesson.enforcement_proposed": Said("proposed to enforce a lesson", _enforced),
    "lesson.enforced": Said("enforced a lesson", _enforced),
    "lesson.relaxed": Said(
        "relaxed a lesson", lambda data, event: f"let the lesson {_named(data, event)} be words again"
    ),
    "artifact.added": Said("added an artifact", _kept),
    "artifact.linked": Said("linked an artifact", _kept),
    "source.archived": Said("archived a source", _sourced),
    "source.expired": Said("let a source expire", lambda _data, event: f"let the text of {_ref(event)} expire"),
    "fact.recorded": Said("noted a fact", _found_out),
    "fact.evidenced": Said("found more evidence of a fact", _evidenced),
    "fact.ended": Said("ended a fact", _fact_ended),
    "fact.restored": Said("let a fact hold again", _fact_restored),
    "fact.decided": Said("decided about a fact", _fact_decided),
    "session.opened": Said("opened a session", _opened),
    "session.closed": Said("closed a session", _closed),
    "narrative.edited": Said("edited a narrative file", _edited),
    "narrative.unreconciled": Said("left a narrative file unreconciled", _unreconciled),
    "narrative.archived": Said("moved files into the archive", _archived),
    "narrative.confirmed": Said("confirmed a narrative file", _confirmed),
    "guard.lifted": Said("lifted the guard", _lifted),
    "guard.restored": Said("restored the guard", lambda _data, _event: "restored the guard"),
    "wall.declared": Said("declared a session for a client", _walled),
    "wall.lifted": Said("lifted a client wall", _unwalled),
    "wiring.accepted": Said("accepted hooks, permissions and MCP servers", _wired),
    "payload.erased": Said("erased the content of entries", _erased),
    "workspace.created": Said("created the workspace", _founded),
    "workspace.restored": Said("put a backup back", _restored),
    "schema.applied": Said("applied the firm's schema", _schema),
    "truth.moved": Said("moved the records to another truth", _moved),
}
