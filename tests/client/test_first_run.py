"""The first session after the plugin is installed, while its environment is still being made."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from client.driver import Lab, Reply, Session, call, read
from client.firm import PLUGIN, TOOLS, Firm, found, tool

LEFT_OUT = (".git", ".venv", ".data", "tests", "node_modules", "__pycache__", ".*_cache", "dist", "docs")
WHY = "They open in May."
UV = """\
#!/bin/sh
# Stands in for uv: the packages take until the test lets them come (a minute at most).
case $1 in
  venv) for last; do :; done
    mkdir -p "$last/bin"
    printf '#!/bin/sh\\nexec "%s" "$@"\\n' "$TEST_PYTHON" >"$last/bin/python" && chmod +x "$last/bin/python" ;;
  pip) tries=0; until [ -e "$GATE" ] || [ $((tries += 1)) -gt 1200 ]; do sleep 0.05; done ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A firm, and a copy of the plugin whose environment is made when the test says so."""

    lab: Lab
    plugin: Path
    gate: Path
    env: Mapping[str, str]

    @property
    def narrative(self) -> Path:
        return Firm(self.lab).narrative

    @property
    def edit(self) -> Reply:
        """A reason added to the narrative, which the guard lets pass once the record was looked at."""
        old = "catalogue.\n"
        return call("Edit", file_path=str(self.narrative), old_string=old, new_string=f"{old}{WHY}\n")

    def session(self) -> Session:
        return self.lab.session(plugins=[self.plugin], allow=[TOOLS], env=self.env)

    def make(self) -> None:
        """Let the packages come, and wait for the environment."""
        self.gate.touch()
        current, end = self.lab.plugin_data("onefirm@inline") / "env" / "current", time.monotonic() + 30
        while not current.exists():
            assert time.monotonic() < end, (current.parent / "build.log").read_text()
            time.sleep(0.02)


@pytest.fixture
def fresh(lab: Lab, tmp_path: Path) -> Iterator[Fresh]:
    found(lab)
    plugin, gate, programs = tmp_path / "plugin", tmp_path / "gate", tmp_path / "programs"
    shutil.copytree(PLUGIN, plugin, ignore=shutil.ignore_patterns(*LEFT_OUT))
    programs.mkdir()
    (programs / "uv").write_text(UV)
    (programs / "uv").chmod(0o755)
    env = {
        "PATH": f"{programs}:{lab.env()['PATH']}", "GATE": str(gate), "TEST_PYTHON": sys.executable,
    }  # fmt: skip
    yield Fresh(lab, plugin, gate, env)
    gate.touch()


def ours(session: Session) -> list[str]:
    """Our tools as the model was last shown them."""
    return [name for name in session.model.asked[-1].tools if name.startswith(TOOLS)]


def test_a_slow_first_run_connects_and_the_next_session_has_the_tools(fresh: Fresh) -> None:
    with fresh.session() as first:
        first.ask("good morning", read(fresh.narrative), fresh.edit, "Good morning.")
        assert ours(first) == [tool("setup_wait")]
    assert [server["status"] for server in first.run.init["mcp_servers"]] == ["connected"]
    fresh.make()
    with fresh.session() as second:
        second.ask("good morning", read(fresh.narrative), fresh.edit, call(tool("record_get"), refs=["P-1"]), "Yes.")
        assert tool("setup_wait") not in ours(second)
    assert "onefirm's tools are still being set up" in first.run.results[1].text
    _, denied, looked = second.run.results
    assert denied.refused
    assert "set up" not in denied.text
    assert not looked.refused


def test_who_waits_for_the_tools_has_them_in_the_same_turn(fresh: Fresh) -> None:
    with fresh.session() as session:
        session.ask("note it", read(fresh.narrative), fresh.edit, "I can't yet.")
        threading.Timer(1, fresh.gate.touch).start()
        session.ask("go on", call(tool("setup_wait")), call(tool("record_get"), refs=["P-1"]), fresh.edit, "Noted.")
        offered = session.model.asked[-3].tools
    denied, waited, looked, edited = session.run.results[1:]
    assert denied.refused
    assert "`onefirm record get P-1`" in denied.text
    assert waited.text == "onefirm's tools are there. Begin with brief_get."
    assert tool("record_get") in offered
    assert not looked.refused
    assert not edited.refused
    assert WHY in fresh.narrative.read_text()
    assert fresh.lab.settle(), "the server outlives its stand-in"


def test_the_operator_is_told_too_that_it_sets_up(fresh: Fresh) -> None:
    with fresh.session() as session:
        session.ask("good morning", "Good morning.")
    [start] = session.run.hooks("SessionStart")
    assert '"systemMessage":"onefirm is setting up' in start.stdout
    assert "onefirm is setting up" in session.run.first.text


def test_what_a_command_changed_is_told_with_what_waits_for_the_tools_at_once_and_at_stop(fresh: Fresh) -> None:
    with fresh.session() as session:
        note = call("Bash", command=f"echo '{WHY}' >>'{fresh.narrative}'")
        session.ask("note it", note, "Noted.", "I can't look yet.")
    _, told, blocked = session.run.asked
    said = "onefirm's tools are still being set up"
    assert told.text.count(said) == 1
    assert blocked.text.count(said) > 1
