"""`scripts/eval`: reads the options, holds the conversations one after the other, prints what each is worth.

Exit codes: 0 done (or planned), 1 a conversation failed, 2 usage, or there is no key or no client.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from client.driver import ClientMissing, Lab, find_claude
from client.firm import Firm, found
from evals import api as apis
from evals import rubric, table
from evals.api import Api
from evals.conversation import Conversation, Cost, hold
from evals.rubric import Point
from onefirm.cli.playbooks import known
from onefirm.narrative.playbook_cases import Case
from support import playbooks

MODEL = "claude-sonnet-4-5"


@dataclass(frozen=True, slots=True)
class Result:
    """One case, played one way."""

    playbook: str
    case: str
    with_playbook: bool
    points: Sequence[Point]
    conversation: Conversation
    judge: Cost


def main(arguments: Sequence[str]) -> int:
    """Run the cases of the named playbooks, or of all."""
    options = _options(arguments)
    cases = list(_cases(options.playbooks, options.case))
    if not cases:
        print("eval: no case fits.", file=sys.stderr)
        return 2
    api = apis.found(options.model, options.most_usd)
    if options.plan or api is None:
        print(table.plan(cases, options.model, options.most_usd))
        if api is None and not options.plan:
            print("\neval: ANTHROPIC_API_KEY is not set, so nothing was run. --plan only shows this.", file=sys.stderr)
        return 0 if options.plan else 2
    try:
        return _run(cases, api, as_json=options.json)
    except ClientMissing as missing:
        print(f"eval: {missing}", file=sys.stderr)
        return 2


def _run(cases: Sequence[tuple[str, Case]], api: Api, *, as_json: bool) -> int:
    claude, results = find_claude(), list[Result]()
    with Lab(claude) as first:
        founded = found(first).lab.project
        for name, case in cases:
            for with_playbook in (True, False):
                result = _play(claude, founded, name, case, api, with_playbook=with_playbook)
                results.append(result)
                if not as_json:
                    print(table.line(result), flush=True)
    print(json.dumps([asdict(result) for result in results], indent=2) if as_json else table.summary(results))
    return int(any(result.conversation.failed for result in results))


def _play(claude: Path, founded: Path, name: str, case: Case, api: Api, *, with_playbook: bool) -> Result:
    playbook = playbooks.every()[name]
    with _copy(claude, founded) as firm:
        held = hold(firm, name, playbook, case, api, with_playbook=with_playbook)
        points = rubric.counted(case, held, known(playbooks.PROJECT))
        if held.failed:  # there is nothing to judge
            return Result(name, case["case"], with_playbook, points, held, Cost(0, 0, 0, 0))
        judged, judge = rubric.judged(firm.lab, case, held, api)
    return Result(name, case["case"], with_playbook, [*points, *judged], held, judge)


@contextmanager
def _copy(claude: Path, founded: Path) -> Iterator[Firm]:
    """A firm of the conversation's own."""
    with Lab(claude) as lab:
        shutil.copytree(founded, lab.project, dirs_exist_ok=True)
        yield Firm(lab)


def _cases(names: Sequence[str], part: str) -> Iterator[tuple[str, Case]]:
    for name in names or playbooks.every():
        for case in playbooks.cases(name):
            if rubric.is_for_a_model(case) and part in case["case"]:
                yield name, case


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/eval",
        description="Play the playbooks' cases on a real model, with and without the playbook, and score them by"
        " rubric. Needs ANTHROPIC_API_KEY, and spends on it.",
    )
    parser.add_argument("playbooks", nargs="*", metavar="PLAYBOOK", help="default: all")
    parser.add_argument("--case", default="", metavar="PART", help="only cases with this in their name")
    parser.add_argument("--model", default=MODEL, help=f"default: {MODEL}; the judge is the same")
    parser.add_argument(
        "--most-usd", type=float, default=1.0, metavar="USD", help="end a conversation beyond; default: 1"
    )
    parser.add_argument("--plan", action="store_true", help="show what would be run, and run nothing")
    parser.add_argument("--json", action="store_true", help="everything, conversations included, as one document")
    return parser.parse_args(arguments)
