"""What was run, and what would be, as text of at most 120 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onefirm.narrative.playbook_cases import Case

if TYPE_CHECKING:
    from evals.run import Result

_WHAT = 56


def plan(cases: Sequence[tuple[str, Case]], model: str, most_usd: float) -> str:
    """Each case that would be run, and what that takes at most."""
    lines = [f"{name:22} {case['case']}" for name, case in cases]
    runs = 4 * len(cases)
    most = f"{runs} conversations with {model}, each with and without its playbook and a judge's; at most"
    return "\n".join([*lines, f"{len(cases)} cases, {most} ${runs * most_usd:,.2f}"])


def line(result: Result) -> str:
    """One case, played one way; below it what did not hold."""
    how = "with" if result.with_playbook else "without"
    what = f"{result.playbook}: {result.case}"[: _WHAT - 1]
    cost = result.conversation.cost
    told = f"{what:{_WHAT}} {how:7} {_score(result):>5} {len(result.conversation.steps):3} calls"
    told += f" {cost.tokens_in:>8,} + {cost.tokens_out:>6,} tokens {_usd(cost.usd)} {cost.seconds:4.0f} s"
    missed = [point for point in result.points if point.holds is not True]
    said = (f"    {'not judged' if p.holds is None else 'no'}: {p.sentence} {p.why}".rstrip() for p in missed)
    return "\n".join([told, *said])


def summary(results: Sequence[Result]) -> str:
    """Both ways side by side."""
    lines = [""]
    for way, how in ((True, "with the playbook"), (False, "without it")):
        ours = [result for result in results if result.with_playbook is way]
        points = [point for result in ours for point in result.points if point.holds is not None]
        held = sum(point.holds is True for point in points)
        tokens = sum(one.conversation.cost.tokens_in + one.conversation.cost.tokens_out for one in ours)
        usd = sum(one.conversation.cost.usd for one in ours)
        lines.append(f"{how:18} {held} of {len(points)} points, {tokens:,} tokens, {_usd(usd)}")
    unjudged = sum(point.holds is None for result in results for point in result.points)
    judge = sum(result.judge.usd for result in results)
    return "\n".join(
        [*lines, f"{'the judge':18} {_usd(judge)}; {unjudged} sentences without a verdict, counted nowhere"]
    )


def _score(result: Result) -> str:
    points = [point for point in result.points if point.holds is not None]
    return f"{sum(point.holds is True for point in points)}/{len(points)}"


def _usd(amount: float) -> str:
    return f"${amount:.4f}"
