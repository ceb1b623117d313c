"""A broken guard in the real client: the next session says so."""

import json
import sys
from pathlib import Path

import pytest

from client.driver import call
from client.firm import TOOLS, Firm, tool
from support import plugin

pytestmark = pytest.mark.row("RUN-12")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A plugin of the test's own, on this checkout's packages."""
    folder = plugin.copied(tmp_path / "onefirm")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def session(firm: Firm, copy: Path, *script: object):  # type: ignore[no-untyped-def]
    """One session with that plugin; all that the model was shown at first, and the run."""
    run = firm.lab.run("good morning", *script, plugins=[copy], allow=[TOOLS])
    assert firm.lab.settle(), "a process of the session still runs"
    return run


def test_after_the_guard_was_made_to_pass_everything_the_next_session_says_so(firm: Firm, copy: Path) -> None:
    assert "the guard let a forbidden edit pass" not in session(firm, copy, "Good morning.").first.text
    (copy / "hooks/guard.py").write_text('LIFTED = ""\n\n\ndef run(payload, root):\n    return "abstained", None\n')
    run = session(firm, copy, "Good morning.")
    assert run.first.text.count("the guard let a forbidden edit pass") == 1
    assert "plugin/hooks/guard.py changed" in run.first.text
    [hook] = run.hooks("SessionStart")
    assert "claude plugin install onefirm@onefirm" in json.loads(hook.stdout)["systemMessage"]


def test_after_the_hooks_were_replaced_the_brief_that_the_model_asks_for_says_so(firm: Firm, copy: Path) -> None:
    session(firm, copy, "Good morning.")
    (copy / "hooks/hook.sh").write_text("#!/bin/sh\nexit 0\n")
    run = session(firm, copy, call(tool("brief_get")), call(tool("brief_get")), "I see.")
    assert [hook.stdout for hook in run.hooks("SessionStart")] == [""]
    assert "plugin/hooks/hook.sh changed" in run.results[0].text
    assert "has not fired" in run.results[-1].text


def test_where_the_settings_turn_all_hooks_off_the_server_tells_it_before_the_first_word(
    firm: Firm, copy: Path
) -> None:
    path = firm.lab.project / ".claude/settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "disableAllHooks": True}))
    run = session(firm, copy, call(tool("brief_get")), "I see.")
    assert run.hooks("SessionStart") == []
    assert "`disableAllHooks` in .claude/settings.json turns every hook off" in run.first.text
    assert "the guard may not stand" in run.results[0].text
