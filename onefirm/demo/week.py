"""The rest of the week in the demo firm, after its first day: the pile, an offer, a kind of its own, an end.

Told as the day is: a line stands there once it was found to be so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onefirm.demo.client import command
from onefirm.demo.day import Day, Later, record, row

CAPTURED = ("Elin wants a word about the winter hours", "proof of the museum poster", "asdf")
PILE: Mapping[str, Any] = {"status": "todo", "project": None, "client": None, "due": None}
DRAFT = """# One page for Heron Logistics

A page that opens without a password, and says where a pallet is.
"""
EQUIPMENT = """kind: equipment
prefix: EQ
plural: Equipment
description: A thing that is lent to clients.
statuses:
  stored: {group: open, moves: [lent]}
  lent: {group: active, moves: [stored]}
properties:
  title: {type: text, required: true}
  status: {type: status}
  client: {type: relation, to: client}
"""


def _pile(day: Day) -> None:
    client = day.client()
    client.start()
    for text in CAPTURED:
        client.call("record_write", changes=[{"op": "create", "kind": "task", "set": {"title": text}}])
    pile = client.call("record_find", kind="task", where=PILE)
    refs = [row({"columns": pile["columns"], "rows": [one]})["ref"] for one in pile["rows"]]
    day.so(len(refs) == len(CAPTURED), f"three thoughts were captured in a call each: {', '.join(refs)}", pile)
    talk, proof, noise = refs
    sorted_ = [
        {"op": "update", "ref": talk, "set": {"title": "Talk to Elin about the winter hours", "client": "CL-2"}},
        {"op": "update", "ref": proof, "set": {"title": "Order a proof of the poster", "project": "P-5"}},
        {"op": "update", "ref": noise, "set": {"status": "dropped"}},
    ]
    client.call("record_write", changes=sorted_, reason="Triage")
    left = client.call("record_find", kind="task", where=PILE)
    day.so(not left["rows"], "and sorted in one batch: the pile is empty", left)
    client.end()


def _offer(day: Day) -> None:
    draft = day.place / "offer.md"
    draft.write_text(DRAFT, encoding="utf-8")
    kept = day.onefirm("artifact", "add", str(draft), "--about", "PR-4", "--kind", "proposal")
    listed = day.onefirm("artifact", "list", "--about", "PR-4")
    day.so(kept["sha256"] in str(listed), f"an offer was kept for PR-4: {kept['ref']}, by what it says", listed)
    draft.write_text(DRAFT.replace("One page", "Two pages"), encoding="utf-8")
    shown = command(day.root, "artifact", "show", kept["ref"]).stdout
    day.so(DRAFT in shown, "the file went on changing; what was kept says what it said", shown)


def _own_kind(day: Day) -> None:
    client = day.client()
    client.start()
    client.call("record_find", kind="project")
    file = day.root / "schema" / "equipment.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(EQUIPMENT, encoding="utf-8")
    plan = command(day.root, "schema", "diff").stdout
    day.so("equipment" in plan, "a file for a new kind of record was written; this is what it would do:", plan)
    day.quote(plan)
    applied = command(day.root, "schema", "apply", "--why", "we lend tablets to clients")
    day.so(applied.returncode == 0, "you applied it, after a backup", applied.stderr)
    tablet = {"op": "create", "kind": "equipment", "set": {"title": "Tablet for the stores", "client": "CL-3"}}
    made = row(client.call("record_write", changes=[tablet]))
    day.so(record(day, made["ref"])["status"] == "stored", f"Claude, in the same session, wrote {made['ref']}", made)
    client.end()


def _engagement(day: Day) -> None:
    found = [one["ref"] for one in day.onefirm("drift")["found"]]
    day.so("P-3" in found, "held against the truth, narrative of closed work was found: P-3 is done", found)
    refused = command(day.root, "context", "close", "P-3")
    day.so("INV-8" in refused.stderr, "its files stay where they are while its invoice is a draft:", refused.stderr)
    day.quote(refused.stderr)
    for status, why in (("sent", "it was forgotten"), ("paid", "they paid at once")):
        moved = command(day.root, "record", "update", "INV-8", f"status={status}", "--why", why)
        day.so(moved.returncode == 0, f"you wrote that INV-8 is {status}", moved.stderr)
    closed = command(day.root, "context", "close", "P-3", "--why", "the handbook is in use")
    day.so(closed.returncode == 0, "its files went into the archive, every link with them", closed.stderr)
    day.quote(closed.stdout or closed.stderr)
    left = [one["ref"] for one in day.onefirm("drift")["found"]]
    faults = day.onefirm("context", "check")["faults"]
    day.so("P-3" not in left and not faults, "drift has one less to say, and the tree is clean", left)
    verdict = day.onefirm("ledger", "verify", "--anchor", "git")
    day.so(verdict["ok"], f"the ledger is whole at the week's end: {verdict['entries']} entries", verdict)


WEEK: tuple[Later, ...] = (
    ("Tuesday: thoughts are captured, and sorted later", _pile),
    ("Wednesday: an offer is kept", _offer),
    ("Thursday: you lend things now, so there is a kind for them", _own_kind),
    ("Friday: an engagement ends", _engagement),
)
