"""A small firm in the lab's project, and what a test asks of it, through the command line only."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client.driver import Lab, Run, Session
from client.driver.turns import Turn
from onefirm.workspace import Wishes
from support.firms import new_firm
from support.terminal import Terminal

PLUGIN = Path(__file__).parents[2]
TOOLS = "mcp__plugin_onefirm_firm"
NARRATIVE = """# Rocket shop

Record: P-1
Parent: [Clients](../CLAUDE.md)

The shop must feel like a workshop, not like a catalogue.
"""


def tool(name: str) -> str:
    """The name under which the client knows one of our tools."""
    return f"{TOOLS}__{name}"


@dataclass(frozen=True, slots=True)
class Firm:
    """A workspace in `lab.project`: client CL-1, project P-1 in discovery with a narrative file, task T-1 to do."""

    lab: Lab

    @property
    def narrative(self) -> Path:
        return self.lab.project / "context" / "clients" / "acme" / "CLAUDE.md"

    def cli(self, *words: str, check: bool = True) -> str:
        """`onefirm WORDS` in the workspace, in this process; its standard output."""
        done = Terminal(self.lab.project)(*words)
        if check and done.code:
            raise AssertionError(f"onefirm {' '.join(words)}: {done.code}\n{done.out}\n{done.err}")
        return done.out

    def json(self, *words: str) -> Any:
        """What `onefirm WORDS --json` prints."""
        return json.loads(self.cli(*words, "--json"))

    def run(self, prompt: str, *script: Turn, **options: Any) -> Run:
        """One `claude -p` with the plugin, our tools allowed; returns when the detached close has ended too."""
        run = self.lab.run(prompt, *script, **self._options(options))
        assert self.lab.settle(), "a process of the session still runs"
        return run

    def session(self, *script: Turn, **options: Any) -> Session:
        """A conversation with the plugin, our tools allowed."""
        return self.lab.session(*script, **self._options(options))

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"plugins": [PLUGIN], "allow": [TOOLS], **options}


def found(lab: Lab) -> Firm:
    """Make the firm, on the truth that this run is about."""
    firm = Firm(lab)
    new_firm(lab.project, Wishes(firm="Northlight Studio", timezone="UTC"))
    firm.cli("record", "create", "client", "title=Acme Rockets")
    firm.cli("record", "create", "project", "title=Rocket shop", "client=CL-1")
    firm.cli("record", "create", "task", "title=Sketch the front page", "project=P-1")
    firm.narrative.parent.mkdir(parents=True)
    firm.narrative.write_text(NARRATIVE, encoding="utf-8")
    return firm
