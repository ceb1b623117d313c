"""The demo firm's memory at work: a mistake that recurs becomes a rule, a decision gives way to another, what was said
on the phone is quoted and found again.
"""

from __future__ import annotations

import json

from onefirm.core.tokens import estimate
from onefirm.demo.client import Client, command
from onefirm.demo.day import AUDIT, EVENING, WHY, Day, Later, row, wait_for_close
from onefirm.demo.wire import ToolRefused

_SAME = "Watch two strangers try it before you ask anybody for a signature."
_NOTES = """Notes of a call with Jana Weber, in the week before the review.

She says the school wants the course list in German and English from the first day.
The summer term begins on 12 April 2027, and the site has to be up four weeks before that.
Their own server may be used for pictures only.
"""
_SAID = "The summer term begins on 12 April 2027"
_NEVER_SAID = "The summer term begins on 19 April 2027"
_MOST_TOKENS = 600
_RULES = ".claude/rules/onefirm/general.md"


def _recurred(day: Day) -> None:
    client = day.client()
    client.start()
    met = row(
        client.call("lesson_record", rule=_SAME, why="Heron Logistics wanted to see it used first.", about=["PR-4"])
    )
    day.so(
        (met["status"], met["sightings"]) == ("hardened", 2),
        f"said in other words at another client, it was taken for {met['ref']}: met twice, it is a rule now",
        met,
    )
    heard = day.onefirm("lesson", "court", str(met["ref"]))
    whys = [one["why"] for one in heard["sightings"]]
    day.so(not any("Heron" in why for why in whys), "the client's name was taken out of it", whys)
    rules = (day.root / _RULES).read_text(encoding="utf-8")
    day.so(str(met["ref"]) in rules, f"from now on every session reads it, in {_RULES}:", rules)
    day.quote(next(line for line in rules.splitlines() if str(met["ref"]) in line))
    made = row(
        client.call(
            "decision_record",
            what="One student and Jana herself try the booking path",
            why="The second student has left the school.",
            supersedes=day.said["decision"],
        )
    )
    first, second = day.said["decision"], str(made["ref"])
    replaced = day.onefirm("decision", "show", first)
    day.so(replaced["superseded_by"] == second, f"{first} stays as it was written, superseded by {second}", replaced)
    day.so(replaced["why"] == WHY, "with its reason")
    client.end()
    wait_for_close(day, 4)


def _researched(day: Day) -> None:
    client = day.client()
    client.start()
    source = str(row(client.call("memory_ingest", text=_NOTES, title="Call with Jana", about=["P-1"]))["ref"])
    shown = command(day.root, "memory", "show", source).stdout
    day.so(_SAID in shown, f"the notes of a call are archived as they are, as {source}", shown)
    statement = "The school's summer term begins on 12 April 2027."
    refused = _refusal(client, statement=statement, source=source, quotes=[_NEVER_SAID])
    day.so(_SAID in refused, "a quote that is almost there was refused, with what stands there", refused)
    fact = row(client.call("fact_record", statement=statement, source=source, quotes=[_SAID]))["ref"]
    answer = client.call("memory_recall", query="When does the summer term begin?", limit=3)
    first = row(answer)
    day.so(first["ref"] == fact, f"with its own words it was taken as {fact}, which answers the question:", answer)
    day.quote(f"{first['ref']} {first['text']}")
    cost = estimate(json.dumps(answer, ensure_ascii=False))
    day.so(cost < _MOST_TOKENS, f"the whole answer, with its sources, cost about {cost} tokens", answer)
    client.end()
    wait_for_close(day, 5)


def _refusal(client: Client, **fact: object) -> str:
    """With which words a fact is refused; none when it is taken."""
    try:
        client.call("fact_record", **fact)
    except ToolRefused as refused:
        return str(refused)
    return ""


WHOLE_DAY: tuple[Later, ...] = (
    *EVENING,
    ("The same mistake, at another client", _recurred),
    ("A call, and a question weeks later", _researched),
    *AUDIT,
)
