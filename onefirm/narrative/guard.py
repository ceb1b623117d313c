"""The rule "state first, then narrative", as one pure judgement shared by the guard (before an edit) and the Stop hook
(after it).

An edit of a narrative file is refused

1. `private`, `generated`, `append_only`: always, for files that are not written by hand;
2. `unknown`: when its head names something that no kind of this firm is called by;
3. `receipt`: while this session has not looked at the records of its old and its new head, unless the edit is light
   (spacing, punctuation, link targets, typos);
4. `contradiction`: when an added sentence claims a status, an amount or a date that the truth doesn't have;
5. `property`: when an added line writes a schema property as `Property: value`.

Everything else passes, with a note where a write still waits. That a record has moved is told after the edit, with its
state (`loading`).
"""

from __future__ import annotations

from onefirm.narrative import blocks, claims, heads, properties
from onefirm.narrative.rules import is_private
from onefirm.narrative.vocabulary import Vocabulary
from onefirm.sessions import jsons, paths
from onefirm.sessions.walk import matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypedDict

    from onefirm.narrative.blocks import Unit
    from onefirm.narrative.claims import Claim
    from onefirm.narrative.misstatements import Misstatement
    from onefirm.narrative.vocabulary import Kind

    class Finding(TypedDict):
        """One thing wrong: the rule broken, the line (empty where the whole edit is meant), why, and the call or way to
        make.
        """

        rule: str
        line: str
        why: str
        call: str

    class Verdict(TypedDict):
        """`findings` empty: the edit passes. `notes` are sentences for the session either way."""

        findings: list[Finding]
        notes: list[str]

    # A text's lines and its sentences.
    Units = tuple[list[Unit], list[Unit]]
    ReceiptOf = Callable[[str], Mapping[str, Any] | None]
    StateOf = Callable[[str], Mapping[str, Any] | None]
    PastOf = Callable[[str], Sequence[str]]

# So many characters of a finding's line are cited, and of a table's header read.
QUOTED, HEADER = 120, 2_000
SAID = 5
# The groups of statuses that a record doesn't leave any more.
_ENDS = ("done", "dropped")
# A sentence of at most so many words that has none of these tells a status and nothing else.
_REWORD = "Else word it as the plan or history it is."
_BARE, _REASONS = 8, frozenset(("because", "since", "until", "till", "due"))


def judge(
    rules: Mapping[str, Any], path: str, old: str | None, new: str | None, receipt_of: ReceiptOf, state_of: StateOf,
    past_of: PastOf | None = None,
) -> Verdict:  # fmt: skip
    """Judges the change of one file, `path` relative to the workspace; None is a file that isn't there.

    Raises KeyError, TypeError or AttributeError for rules that are no guard.json.
    """
    closed = _closed(rules, path)
    if closed or old == new:
        return {"findings": [closed] if closed and old != new else [], "notes": []}
    change = _Change(rules, path, old or "", new or "", state_of)
    if not change.is_narrative:
        return {"findings": [], "notes": []}
    unknown = [ref for ref in change.refs if change.words.of_ref(ref) is None]
    if unknown:
        return {"findings": [_unknown(rules, ref) for ref in unknown], "notes": []}
    receipts = {ref: receipt_of(ref) for ref in change.refs}
    findings = [
        *_unseen(rules, path, change, receipts),
        *_contradictions(rules, change, _claimed(change), state_of, past_of),
        *_misstatements(rules, change),
        *_properties(rules, change),
    ]
    return {"findings": findings, "notes": [] if findings else _notes(receipts)}


def as_it_stands(
    rules: Mapping[str, Any], path: str, text: str, state_of: StateOf, words: Vocabulary | None = None,
    units: Units | None = None,
) -> list[Finding]:  # fmt: skip
    """What a whole text says that only the truth should say, whoever wrote it and with whatever receipt.

    The rules `contradiction` and `property`, and `copy`: a sentence that does nothing but repeat the status of an open
    record. `words` are those of the rules and `units` the text's lines and sentences, for who has them. Raises as
    `judge` does.
    """
    if _closed(rules, path):
        return []
    change = _Change(rules, path, "", text, state_of, words, units)
    claimed = _claimed(change)
    return [
        *_contradictions(rules, change, claimed, state_of, None),
        *_misstatements(rules, change),
        *_copies(change, claimed),
        *_properties(rules, change),
    ]


def refusal(path: str, findings: Sequence[Finding]) -> str:
    """A refused edit as the session reads it: what is wrong, and the call to make."""
    again = " Then repeat the edit." if any(finding["rule"] == "receipt" for finding in findings) else ""
    return f"onefirm: {paths.told(path)} was not changed. {told(findings)}{again}"


def told(findings: Sequence[Finding]) -> str:
    """Findings in sentences, each with its call; beyond five they are counted."""
    said = [f"{_cited(finding)}{finding['why']} {finding['call']}" for finding in findings[:SAID]]
    more = f" (and {len(findings) - SAID} more)" if len(findings) > SAID else ""
    return " ".join(said) + more


class _Change:
    """Both sides of an edit, and what it adds."""

    def __init__(
        self, rules: Mapping[str, Any], path: str, old: str, new: str, state_of: StateOf,
        words: Vocabulary | None = None, units: Units | None = None,
    ) -> None:  # fmt: skip
        self.old, self.new = blocks.plain(old), blocks.plain(new)
        self.words = words or Vocabulary(rules)
        before_refs, after_refs = heads.refs(self.old), heads.refs(self.new)
        self.own = after_refs or before_refs
        self.refs = list(dict.fromkeys([*before_refs, *after_refs]))
        self.is_narrative = bool(self.refs) or heads.is_narrative(path, "")
        self.state_of = state_of
        self._titles: dict[str, list[str]] = {}
        before, after = blocks.lines(self.old), units[0] if units else blocks.lines(self.new)
        self.lines = blocks.added(before, after)
        self.sentences: list[Unit] = []
        if self.lines:
            self.sentences = blocks.added(blocks.sentences(before), units[1] if units else blocks.sentences(after))

    def titles(self, ref: str) -> list[str]:
        """What a record is called: its title in the truth, and the file's first heading for the file's own."""
        if ref not in self._titles:
            state = self.state_of(ref)
            titles = [str(state["title"])] if state and state.get("title") else []
            if [ref] == self.own[:1]:
                titles += [line.lstrip("# ").strip() for line in heads.head(self.new) if line.startswith("# ")][:1]
            self._titles[ref] = titles
        return self._titles[ref]


def _closed(rules: Mapping[str, Any], path: str) -> Finding | None:
    tool = rules["tool_prefix"]
    if is_private(path):
        why = ".onefirm/ holds the firm's own data; only onefirm writes there."
        return _finding("private", "", why, "Use the tools of the firm server, or the onefirm command.")
    if matches(path, tuple(rules["generated"])):
        why = "This file is generated, and your text would be overwritten."
        call = f"Change what it comes from ({tool}record_write, {tool}lesson_record); the file follows."
        return _finding("generated", "", why, call)
    if matches(path, tuple(rules["append_only"])):
        why = "This file only grows, and only through its tool."
        return _finding("append_only", "", why, f"Call {tool}decision_record or {tool}lesson_record.")
    return None


def _unknown(rules: Mapping[str, Any], ref: str) -> Finding:
    why = f"The head says Record: {ref}, and no kind of this firm has refs like that."
    return _finding(
        "unknown", f"Record: {ref}", why, f'Find the record: {rules["tool_prefix"]}record_find {{"text":"…"}}'
    )


def _unseen(
    rules: Mapping[str, Any], path: str, change: _Change, receipts: Mapping[str, Mapping[str, Any] | None]
) -> list[Finding]:
    unseen = [ref for ref in change.refs if not receipts[ref]]
    if not unseen:
        return []
    from onefirm.narrative import touches  # only who holds no receipt is asked whether the edit is light

    if touches.is_light(change.old, change.new):
        return []
    named = " and ".join(unseen)
    why = f"It belongs to {named}, and this session hasn't looked at {named} yet (state first, then narrative)."
    call = f"Call {_look(rules, unseen)} first."
    return [_finding("receipt", "", why, call)]


def _contradictions(
    rules: Mapping[str, Any], change: _Change, claimed: Sequence[tuple[str, Claim]], state_of: StateOf,
    past_of: PastOf | None,
) -> list[Finding]:  # fmt: skip
    found: list[tuple[Finding, Claim]] = []
    for line, claim in claimed:
        state, kind = state_of(claim.ref), change.words.of_ref(claim.ref)
        past = past_of(claim.ref) if past_of else ()
        if state and state["status"] and kind and claims.contradicts(claim, state["status"], kind, past):
            found.append((_contradiction(rules, line, claim, state, kind), claim))
    # Reading the whole old text is dear: only a contradiction makes it worth asking what stood there before.
    said = _said(change) if found else set[claims.Claim]()
    return [finding for finding, claim in found if claim not in said]


def _claimed(change: _Change) -> list[tuple[str, Claim]]:
    """Every claim that the edit adds, with its sentence."""
    return [
        (unit.text, claim)
        for unit in change.sentences
        if not heads.is_head_line(unit.text)
        for claim in _claims(unit, change)
    ]


def _copies(change: _Change, claimed: Sequence[tuple[str, Claim]]) -> list[Finding]:
    found: list[Finding] = []
    for line, claim in claimed:
        state, kind = change.state_of(claim.ref), change.words.of_ref(claim.ref)
        is_now = state and state["status"] == claim.status and not claim.is_left and not claim.is_past
        if is_now and kind and kind.groups.get(claim.status) not in _ENDS and _is_bare(line):
            why = f"That {claim.ref} is {claim.status} stands in the truth; a copy of it here goes stale."
            found.append(_finding("copy", line, why, "Tell only the reason here."))
    return found


def _is_bare(sentence: str) -> bool:
    words = sentence.lower().split()
    return len(words) <= _BARE and _REASONS.isdisjoint(words)


def _said(change: _Change) -> set[Claim]:
    """What the old text claims already: that is not this edit's doing."""
    return {claim for unit in blocks.sentences(blocks.lines(change.old)) for claim in _claims(unit, change)}


def _claims(unit: Unit, change: _Change) -> list[claims.Claim]:
    parts = blocks.cells(unit.text) if unit.form == "row" else [unit.text]
    if unit.form == "row":
        parts.append(" | ".join(parts))
    return [claim for part in parts for claim in claims.read(part, unit.form, change.own, change.words, change.titles)]


def _contradiction(
    rules: Mapping[str, Any], line: str, claim: claims.Claim, state: Mapping[str, Any], kind: Kind
) -> Finding:
    wrong = f"has left {claim.status}" if claim.is_left else f"is {claim.status}"
    why = f"This says that {claim.ref} {wrong}; the truth says {state['status']}{_by(state)}."
    wanted = _moving(rules, claim, kind.moves.get(state["status"], ()))
    return _finding("contradiction", line, why, f"If the truth is behind, write it first{wanted}. {_REWORD}")


def _by(state: Mapping[str, Any]) -> str:
    """Whose word the truth's is, and since when."""
    return f" ({paths.told(str(state['actor']))}, {str(state['at'])[:10]})" if state.get("actor") else ""


def _moving(rules: Mapping[str, Any], claim: claims.Claim, moves: Sequence[str]) -> str:
    """The write that would make the claim true where one legal move does, else the moves there are."""
    if claim.is_left:
        return f" ({rules['tool_prefix']}record_write)"
    if claim.status in moves:
        return f": {_write(rules, claim.ref, claim.status)}"
    legal = f"one move at a time, from here to {', '.join(moves)}" if moves else "but no move leads away from there"
    return f" ({rules['tool_prefix']}record_write; {legal})"


def _misstatements(rules: Mapping[str, Any], change: _Change) -> list[Finding]:
    """Amounts and dates of the added sentences that the truth has otherwise; what stood there before is not this
    edit's doing.
    """
    found = [(unit.text, one) for unit in change.sentences for one in _wrong(unit, change)]
    before = blocks.sentences(blocks.lines(change.old)) if found else []
    said = {one for unit in before for one in _wrong(unit, change)}
    return [_misstatement(rules, line, one, change.state_of(one.ref)) for line, one in found if one not in said]


def _wrong(unit: Unit, change: _Change) -> list[Misstatement]:
    if not any(char.isdigit() for char in unit.text) or heads.is_head_line(unit.text):
        return []
    from onefirm.narrative import misstatements  # only a sentence with a figure needs them

    return misstatements.read(unit, change.own, change.words, change.titles, change.state_of)


def _misstatement(rules: Mapping[str, Any], line: str, one: Misstatement, state: Mapping[str, Any] | None) -> Finding:
    why = f"This says that “{one.key}” of {one.ref} is {one.said}; the truth says {one.truth}{_by(state or {})}."
    call = f"If the truth is behind, write it first: {_write(rules, one.ref, one.said, one.key)}. {_REWORD}"
    return _finding("contradiction", line, why, call)


def _properties(rules: Mapping[str, Any], change: _Change) -> list[Finding]:
    found: list[Finding] = []
    for unit in change.lines:
        if unit.form == "code" or heads.is_head_line(unit.text):
            continue
        stated = _stated(unit, change)
        if stated:
            ref, key, value = stated
            why = f"“{key}” is a property of {ref} and stands in the truth; a copy of it here goes stale."
            call = f"Write it there: {_write(rules, ref, value, key)}, and tell only the reason here."
            found.append(_finding("property", unit.text, why, call))
    return found


def _stated(unit: Unit, change: _Change) -> tuple[str, str, str] | None:
    named = heads.named(unit.text)
    kinds: dict[Kind, str] = {}
    for ref in (*named, *change.own):
        if kind := change.words.of_ref(ref):
            kinds.setdefault(kind, ref)
    for kind, ref in kinds.items():
        if unit.form == "row":
            header = blocks.cells(unit.under[:HEADER])
            stated = properties.stated_in_row(blocks.cells(unit.text), header, kind, ref in named)
        else:
            stated = properties.stated(unit.text, kind)
        if stated:
            return ref, *stated
    return None


def _notes(receipts: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    waiting = [ref for ref, receipt in receipts.items() if receipt and receipt["kind"] == "pending"]
    return [f"The write of {ref} still waits for the truth; what you write here is ahead of it." for ref in waiting]


def _finding(rule: str, line: str, why: str, call: str) -> Finding:
    return {"rule": rule, "line": line, "why": why, "call": call}


def _cited(finding: Finding) -> str:
    line = finding["line"]
    return f"“{line[:QUOTED]}{'…' if len(line) > QUOTED else ''}”: " if line else ""


def _write(rules: Mapping[str, Any], ref: str, value: str, key: str = "status") -> str:
    change = {"op": "update", "ref": ref, "set": {key: value[:QUOTED]}}
    return f"{rules['tool_prefix']}record_write {jsons.dumps({'changes': [change]})}"


def _look(rules: Mapping[str, Any], refs: Sequence[str]) -> str:
    return f'{rules["tool_prefix"]}record_get {{"refs":[{",".join(jsons.quoted(ref) for ref in refs)}]}}'
