"""`scripts/bench`: reads the options, measures the subjects one after the other, prints, and judges.

Exit codes: 0 every measured goal was met, 1 one was missed, 2 usage, 3 a benchmark failed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine, table
from benchmarks.bench import Bench
from benchmarks.rows import NotMeasured, Report, Row

SUBJECTS = {
    "tokens": "what tools and rows cost a model",
    "hooks": "what a hook adds to every tool call",
    "server": "the MCP server: start, reads, writes",
    "brief": "where things stand, by number of records",
    "context": "checking the context tree, by number of files",
    "ledger": "appending and verifying",
    "sync": "what pulling from Notion costs",
    "golden": "what recall finds of a firm's memory",
    "recall": "how much of the evidence recall finds, and how fast",
}
_FOREIGN = ("CLAUDE", "GIT_", "MCP_", "NOTION_", "ONEFIRM_")


def main(arguments: Sequence[str]) -> int:
    """Run the named subjects, or all of them."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="onefirm-bench-") as folder:
        _settle(Path(folder))
        known = machine.facts(Path(folder))
        if not options.json:
            print(", ".join(f"{name} {value}" for name, value in known.items()), flush=True)
        reports, failed = _measured(options, Path(folder))
    if options.json:
        print(json.dumps(table.as_json(known, reports), indent=2, ensure_ascii=False))
    else:
        print("\n" + table.summary(reports, failed) + f"\nload at the end {os.getloadavg()[0]:.1f}")
    missed = any(row.verdict == "missed" for report in reports for row in report.rows)
    return 3 if failed else int(missed)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    subjects = "\n".join(f"  {name:8} {words}" for name, words in SUBJECTS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure onefirm beside its peers, and hold the figures against the goals.",
        epilog=f"subjects (default: all):\n{subjects}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help="what to measure; see below")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, few rounds: does it run, and roughly how fast"
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        default=os.environ.get("ONEFIRM_LOCOMO"),
        help="conversations in LoCoMo's format for `recall`, a file or a folder (default: $ONEFIRM_LOCOMO)",
    )
    parser.add_argument(
        "--weights",
        metavar="PATH",
        help="a model's files, as `onefirm memory vectors use` takes them, for `recall` and `golden` by meaning too",
    )
    parser.add_argument(
        "--items",
        metavar="N",
        type=int,
        default=1_000_000,
        help="how many passages `recall` is scaled up to, of which one in fifty is searched; 0: not at all",
    )
    parser.add_argument("--json", action="store_true", help="all figures as JSON instead of the table")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.subjects if name not in SUBJECTS]:
        parser.error(f"no such subject: {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    return options


def _settle(folder: Path) -> None:
    """A home of our own, and none of the machine's settings that would change what is measured but the interpreter."""
    for name in [name for name in os.environ if name.startswith(_FOREIGN) and name != "ONEFIRM_PYTHON"]:
        del os.environ[name]
    home = folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Bench\n\temail = bench@firm.example\n", encoding="utf-8")
    os.environ |= {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _path(given: str | None) -> Path | None:
    return Path(given).expanduser().resolve() if given else None


def _report(name: str, bench: Bench) -> Report:
    try:
        return importlib.import_module(f"benchmarks.{name}").measure(bench)
    except NotMeasured as absent:
        return Report(name, SUBJECTS[name], "", (Row("all of it", "ms", why=str(absent)),))


def _measured(options: argparse.Namespace, folder: Path) -> tuple[list[Report], list[str]]:
    reports: list[Report] = []
    failed: list[str] = []
    for name in options.subjects or SUBJECTS:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        place = folder / name
        place.mkdir(exist_ok=True)
        bench = Bench(place, options.quick, _path(options.data), _path(options.weights), options.items)
        try:
            reports.append(_report(name, bench))
        except Exception:  # the figures of the other subjects must not be lost with this one
            failed.append(name)
            print(f"{name} failed:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
        else:
            if not options.json:
                print("\n" + table.text(reports[-1]), flush=True)
    return reports, failed
