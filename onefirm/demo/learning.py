"""The demo firm's memory at work: a mistake that recurs becomes a rule, and a decision gives way to another."""

from __future__ import annotations

from onefirm.demo.day import AUDIT, EVENING, WHY, Day, Later, row, wait_for_close

_SAME = "Watch two strangers try it before you ask anybody for a signature."
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


WHOLE_DAY: tuple[Later, ...] = (*EVENING, ("The same mistake, at another client", _recurred), *AUDIT)
