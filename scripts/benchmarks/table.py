"""Reports as a table of at most 100 columns, and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, assert_never

from benchmarks.rows import Goal, Report, Row, Unit
from benchmarks.samples import Sample

WIDTH = 100
_WHAT = 35
_HEAD = f"{'':{_WHAT}} {'ours':>9} {'least':>7} {'peer':>7} {'least':>7} {'ratio':>8}  {'goal':<14} "


def text(report: Report) -> str:
    """One subject: a heading, the table's head, its rows, its notes."""
    heading = f"{report.subject}: {report.title}" + (f"; peer: {report.peer}" if report.peer else "")
    lines = [*textwrap.wrap(heading, WIDTH), _HEAD.rstrip(), *(line for row in report.rows for line in _row(row))]
    for note in report.notes:
        lines += textwrap.wrap(note, WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def summary(reports: Sequence[Report], failed: Sequence[str] = ()) -> str:
    """How many goals were met; those that were not, what could not be measured and which subjects failed, by name."""
    judged = [(report.subject, row) for report in reports for row in report.rows if row.verdict]
    counted = {verdict: [entry for entry in judged if entry[1].verdict == verdict] for verdict in _TOLD}
    lines = [", ".join(f"{len(counted[verdict])} {words}" for verdict, words in _TOLD.items())]
    for verdict in ("missed", "not measured"):
        lines += [f"  {verdict}: {subject}, {row.what.strip()}" for subject, row in counted[verdict]]
    lines += [f"  failed: {subject}" for subject in failed]
    return "\n".join(lines)


_TOLD = {"met": "met", "missed": "missed", "not measured": "not measured"}


def as_json(machine: Mapping[str, str], reports: Iterable[Report]) -> dict[str, Any]:
    """Everything the table says, and the 95th percentile, as plain values."""
    return {"machine": dict(machine), "reports": [_report(report) for report in reports]}


def _report(report: Report) -> dict[str, Any]:
    rows = [_plain(row) for row in report.rows]
    return {"subject": report.subject, "title": report.title, "peer": report.peer, "rows": rows, "notes": report.notes}


def _plain(row: Row) -> dict[str, Any]:
    return {
        "what": row.what,
        "unit": row.unit,
        "ours": _figures(row.ours),
        "peer": _figures(row.peer),
        "ratio": row.figure("ratio"),
        "goal": goal(row.goal, row.unit) if row.goal else None,
        "verdict": row.verdict or None,
        "why": row.why or None,
    }


def _figures(sample: Sample | None) -> dict[str, float] | None:
    if sample is None:
        return None
    return {"median": sample.median, "least": sample.least, "p95": sample.quantile(0.95), "count": len(sample.values)}


def _row(row: Row) -> list[str]:
    what, *more = textwrap.wrap(row.what, _WHAT)
    if row.ours is None:
        rest = textwrap.wrap(f"not measured: {row.why}", WIDTH - _WHAT - 1)
        return [f"{left:{_WHAT}} {right}".rstrip() for left, right in _beside([what, *more], rest)]
    cells = (
        f"{number(row.ours.median) + ' ' + row.unit:>9} {_least(row.ours):>7} "
        f"{number(row.peer.median) if row.peer else '':>7} {_least(row.peer):>7} {_ratio(row):>8}  "
    )
    told = f"{goal(row.goal, row.unit):<14} {row.verdict}" if row.goal else ""
    return [f"{what:{_WHAT}} {cells}{told}".rstrip(), *more]


def _beside(left: Sequence[str], right: Sequence[str]) -> list[tuple[str, str]]:
    longest = max(len(left), len(right))
    return [("".join(left[i : i + 1]), "".join(right[i : i + 1])) for i in range(longest)]


def _least(sample: Sample | None) -> str:
    return number(sample.least) if sample and len(sample.values) > 1 else ""


def _ratio(row: Row) -> str:
    if row.goal and row.goal.figure == "excess" and (excess := row.figure("excess")) is not None:
        return f"{'+' if excess >= 0 else '-'}{number(abs(excess))} {row.unit}"
    saves = row.goal is not None and row.goal.figure == "saving"
    value = row.figure("saving" if saves else "ratio")
    return "" if value is None else f"{'1/' if saves else ''}{number(value)} ×"


def goal(wanted: Goal, unit: Unit) -> str:
    """A goal in a few words: `≤ 3 ms`, `≤ 4 × peer`, `≤ peer + 3 ms`, `10 × fewer`."""
    sign = "≤" if wanted.bound == "at most" else "≥"
    limit = f"{wanted.limit:,g}"
    match wanted.figure:
        case "ours":
            return f"{sign} {limit} {unit}"
        case "ratio":
            return f"{sign} {limit} × peer"
        case "saving":
            return f"{sign} {limit} × fewer"
        case "excess":
            return f"{sign} peer + {limit} {unit}"
    assert_never(wanted.figure)


def number(value: float) -> str:
    """Three digits that count: `0.412`, `4.12`, `41.2`, `412`, `41,200`."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1_000:
        return f"{value:,.0f}"
    places = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:.{places}f}"
