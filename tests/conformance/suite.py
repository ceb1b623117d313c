"""The MCP conformance suite, run and read."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support import node

TIMEOUT_S = 180.0
_SCENARIO = re.compile(r"^[✓✗] (?P<name>\S+): (?P<passed>\d+) passed, (?P<failed>\d+) failed", re.MULTILINE)
_UNSCORED = re.compile(r"^  [✓✗] (?P<name>\S+) \((?P<why>[\w-]+)\)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the suite said. `unscored` scenarios are reported but don't count, each with the suite's reason."""

    checks: Mapping[str, tuple[int, int]]
    """By scenario: checks passed, checks failed."""
    unscored: Mapping[str, str]
    output: str

    @property
    def passed(self) -> int:
        return sum(passed for passed, _ in self.checks.values())

    @property
    def failing(self) -> set[str]:
        """The scenarios with a failed check."""
        return {name for name, (_, failed) in self.checks.items() if failed}

    @property
    def required(self) -> set[str]:
        return self.checks.keys() - self.unscored.keys()


def run(program: Path, url: str, output: Path, *options: str) -> Verdict:
    """Run a version of the suite against a server. Raises NodeMissing."""
    done = subprocess.run(
        node.command(program, "server", "--url", url, "--output-dir", str(output), *options),
        env=node.environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    said = done.stdout + done.stderr
    summary = said.partition("=== SUMMARY ===")[2]
    checks = {m["name"]: (int(m["passed"]), int(m["failed"])) for m in _SCENARIO.finditer(summary)}
    return Verdict(checks, {m["name"]: m["why"] for m in _UNSCORED.finditer(summary)}, said)
