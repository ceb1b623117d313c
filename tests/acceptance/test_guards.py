"""The guards guard themselves: what is seen of a guard that was broken, and when."""

import json
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onefirm import __version__
from onefirm.day import hooks
from onefirm.sessions import canary, hatch, identity, marks
from support import plugin
from support.clock import FixedClock
from support.hook import Firm, rules
from support.terminal import Terminal, environment

pytestmark = pytest.mark.row("RUN-12")

FILE = "context/launch/CLAUDE.md"
TEXT = "# Launch site\n\nRecord: P-1\n\nWe start with the booking path.\n"
HEAD = "the guard let a forbidden edit pass"


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    firm = Firm.at(tmp_path / "firm")
    firm.write(FILE, TEXT)
    firm.truth("P-1", title="Launch site", status="discovery")
    return firm


def start(firm: Firm) -> tuple[str, str]:
    """What a session's start tells the operator, and the model."""
    answer = firm.run("session_start", source="startup")
    assert answer.code == 0
    return answer.output.get("systemMessage", ""), answer.context


def without(*names: str) -> Callable[[Firm], None]:
    """Rules that were emptied of something, and are guard.json still."""

    def emptied(firm: Firm) -> None:
        known = rules()
        for kind in known["kinds"].values():
            kind.update({name: {} for name in names if name in kind})
        known.update({name: [] for name in names if name in known})
        known["kinds"] = {} if "kinds" in names else known["kinds"]
        (firm.root / ".onefirm/guard.json").write_text(json.dumps(known))

    return emptied


# -- the canary --------------------------------------------------------------------------------------------------------


def test_the_start_of_a_session_proves_that_the_guard_denies_and_says_nothing(firm: Firm) -> None:
    told, context = start(firm)
    assert told == ""
    assert HEAD not in context
    (mark,) = (mark for mark in marks.all(str(firm.root)) if mark["hook"] == "canary")
    assert (mark["outcome"], mark["version"]) == ("denied", __version__)
    assert not (firm.root / "context/canary").exists()


@pytest.mark.parametrize("emptied", ["kinds", "statuses", "properties", "generated"])
def test_rules_that_were_emptied_are_told_at_the_next_start_with_the_command_that_mends_them(
    firm: Firm, emptied: str
) -> None:
    without(emptied)(firm)
    told, context = start(firm)
    for said in (told, context):
        assert HEAD in said
        assert said.count("Run: onefirm doctor --fix") == 1


def test_a_guard_whose_code_lets_everything_pass_is_told_at_the_next_start(firm: Firm, tmp_path: Path) -> None:
    broken = plugin.copied(tmp_path / "plugin")
    (broken / "hooks/guard.py").write_text('LIFTED = ""\n\n\ndef run(payload, root):\n    return "abstained", None\n')
    event = json.dumps({"session_id": "c", "cwd": str(firm.root), "source": "startup"})
    said = json.loads(hook(broken, "session_start", firm, event))
    assert "claude plugin install onefirm@onefirm" in said["systemMessage"]
    assert HEAD in said["hookSpecificOutput"]["additionalContext"]


def test_a_guard_that_cannot_run_at_all_is_none_that_denies(firm: Firm, tmp_path: Path) -> None:
    broken = plugin.copied(tmp_path / "plugin")
    (broken / "onefirm/narrative/guard.py").write_text(
        (broken / "onefirm/narrative/guard.py").read_text() + "\njudge = 0\n"
    )
    event = json.dumps({"session_id": "c", "cwd": str(firm.root), "source": "startup"})
    assert HEAD in json.loads(hook(broken, "session_start", firm, event))["systemMessage"]


def test_a_guard_that_the_operator_lifted_is_no_broken_one(firm: Firm) -> None:
    hatch.open(str(firm.root), time.time() + 600, "moving house", "operator")
    assert start(firm)[0] == ""
    assert canary.last(str(firm.root)) == "lifted by the operator"


def test_rules_that_are_lost_refuse_everything_and_are_told_as_lost(firm: Firm) -> None:
    (firm.root / ".onefirm/guard.json").unlink()
    told, context = start(firm)
    assert told == ""
    assert "can't be edited until the operator runs: onefirm doctor --fix" in context
    assert canary.last(str(firm.root)) == "denied"


@pytest.mark.parametrize("kind", sorted(rules()["kinds"]))
def test_a_firm_of_one_kind_alone_is_enough_for_the_test(firm: Firm, kind: str) -> None:
    known = rules()
    (firm.root / ".onefirm/guard.json").write_text(json.dumps({**known, "kinds": {kind: known["kinds"][kind]}}))
    assert start(firm)[0] == ""


def hook(folder: Path, event: str, firm: Firm, body: str) -> str:
    """What a hook of another plugin's copy answers."""
    command = ["sh", str(folder / "hooks/hook.sh"), event]
    env = {**firm.environment(), "ONEFIRM_START_DEADLINE_S": "0.01"}
    done = subprocess.run(command, input=body, capture_output=True, text=True, env=env, cwd=firm.root, check=True)
    return done.stdout


# -- the doctor and the brief ------------------------------------------------------------------------------------------


def findings(onefirm: Terminal, *areas: str) -> list[str]:
    """What the doctor finds wrong."""
    found = onefirm("doctor", "--json").data["findings"]
    return [
        f"{one['level']} {one['what']} → {one['fix']}" for one in found if one["area"] in areas and one["level"] != "ok"
    ]


def attention(onefirm: Terminal) -> str:
    """What the brief says needs the operator."""
    return "\n".join(onefirm.data("brief")["attention"])


def test_the_doctor_and_the_brief_tell_what_the_last_sessions_test_found_until_it_is_mended(onefirm: Terminal) -> None:
    marks.leave(str(onefirm.root), "canary", "failed: rules", 9.0, __version__)
    assert f"{HEAD} in its test" in attention(onefirm)
    assert any(HEAD in said and said.endswith("→ onefirm doctor --fix") for said in findings(onefirm, "guard"))
    onefirm.done("doctor", "--fix")
    assert HEAD not in attention(onefirm)
    assert findings(onefirm, "guard") == []


@pytest.mark.parametrize("harm", ["exit 0", "exit 1"])
def test_the_doctor_asks_the_plugins_own_guard_and_tells_a_hook_that_was_replaced(
    onefirm: Terminal, tmp_path: Path, harm: str
) -> None:
    copy = plugin.copied(tmp_path / "plugin")
    assert doctor(copy, onefirm).returncode == 0
    (copy / "hooks/hook.sh").write_text(f"#!/bin/sh\n{harm}\n")
    said = doctor(copy, onefirm)
    assert said.returncode == 1
    assert f"lets a forbidden edit pass ({harm}" in said.stdout.replace("\n", " ")


def doctor(copy: Path, onefirm: Terminal) -> "subprocess.CompletedProcess[str]":
    """`onefirm doctor` of another copy of the plugin."""
    command = [str(copy / "bin/onefirm"), "-C", str(onefirm.root), "doctor"]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)


def test_what_the_doctor_asks_leaves_no_mark_of_a_hook_that_never_ran(onefirm: Terminal) -> None:
    onefirm.done("doctor")
    assert [mark["hook"] for mark in marks.all(str(onefirm.root))] == []


# -- hooks that are silent, of another version, slow -------------------------------------------------------------------


def told_by(firm: Firm) -> list[str]:
    """What the doctor and the brief say of a firm's hooks, as far as they agree."""
    clock = FixedClock(datetime.now(UTC))
    doctors = [one.what for one in hooks.examine(firm.root, clock) if one.level != "ok"]
    return [one.what for one in hooks.concerns(firm.root) if one.what in doctors]


def worked(firm: Firm) -> str:
    """A session with every event: it starts, looks, edits, runs a command, stops and ends."""
    session = firm.start()
    firm.look("P-1")
    reason = "We start with the booking path, because bookings pay."
    firm.edit(FILE, "We start with the booking path.", reason)
    given = {"file_path": str(firm.root / FILE)}
    firm.write(FILE, TEXT.replace("We start with the booking path.", reason))
    firm.run("post_tool_use", hook_event_name="PostToolUse", tool_name="Edit", tool_input=given)
    firm.bash(f"echo >> {FILE}; echo 'More words.' >> {FILE}")
    firm.run("stop")
    firm.run("session_end", reason="other")
    identity.mark_closed(str(firm.root), session)
    return session


def test_a_session_with_every_event_leaves_nothing_to_tell(firm: Firm) -> None:
    worked(firm)
    assert told_by(firm) == []


@pytest.mark.parametrize(
    ("silent", "name"),
    [
        ("guard", "the guard before an edit"),
        ("before_command", "the look before a command"),
        ("stop", "the question when Claude stops"),
    ],
)
@pytest.mark.parametrize("ran_before", [True, False])
def test_a_hook_that_has_not_fired_although_a_sessions_edits_show_that_it_should_have_is_told(
    firm: Firm, silent: str, name: str, ran_before: bool
) -> None:
    session = worked(firm)
    mark = firm.root / f".onefirm/marks/{silent}.json"
    if ran_before:
        left = json.loads(mark.read_text())
        mark.write_text(json.dumps({**left, "at": "2026-01-01T10:00:00.000000Z"}))
    else:
        mark.unlink()
    assert told_by(firm) == [f"{name} has not fired in {session}, which shows that it should have"]


def test_a_session_that_only_its_tool_calls_made_known_shows_that_no_start_was_run(firm: Firm) -> None:
    worked(firm)
    mark = firm.root / ".onefirm/marks/session_start.json"
    left = json.loads(mark.read_text())
    mark.write_text(json.dumps({**left, "at": "2026-01-01T10:00:00.000000Z"}))
    session = identity.bind(str(firm.root), "another client")
    assert told_by(firm) == [
        f"the brief at a session's start has not fired in {session}, which shows that it should have"
    ]
    firm.client = "a third client"
    firm.start()
    assert told_by(firm) == []


def test_a_session_database_that_was_lost_on_the_way_makes_no_hook_silent(firm: Firm) -> None:
    worked(firm)
    for file in (firm.root / ".onefirm").glob("session.db*"):
        file.unlink()
    identity.bind(str(firm.root), firm.client)
    assert told_by(firm) == []


def test_an_edit_from_a_session_of_another_folder_makes_no_hook_silent(firm: Firm, tmp_path: Path) -> None:
    elsewhere = Firm.at(tmp_path / "elsewhere")
    firm.write(FILE, TEXT + "\nMore words.\n")
    given = {"file_path": str(firm.root / FILE)}
    elsewhere.run("post_tool_use", hook_event_name="PostToolUse", tool_name="Edit", tool_input=given)
    assert firm.rows("select tool from edit") or firm.rows("select id from session")
    assert told_by(firm) == []


def test_a_hook_that_answers_with_another_version_than_the_sessions_start_is_told(firm: Firm) -> None:
    marks.leave(str(firm.root), "session_start", "fresh brief", 900.0, __version__)
    marks.leave(str(firm.root), "guard", "passed", 20.0, "0.0.9")
    assert f"the guard before an edit runs version 0.0.9, this is {__version__}" in told_by(firm)


def test_hooks_of_a_session_before_an_update_are_no_mixture_in_the_brief(firm: Firm) -> None:
    marks.leave(str(firm.root), "guard", "passed", 20.0, "0.0.9")
    marks.leave(str(firm.root), "session_start", "fresh brief", 900.0, __version__)
    assert told_by(firm) == []


def test_a_hook_that_is_slower_than_its_budget_is_told(firm: Firm) -> None:
    marks.leave(str(firm.root), "session_start", "fresh brief", 900.0, __version__)
    marks.leave(str(firm.root), "guard", "passed", 1_730.4, __version__)
    assert told_by(firm) == ["the guard before an edit took 1,730 ms the last time, over its 1,000"]


def test_the_brief_tells_what_the_hooks_lack(onefirm: Terminal) -> None:
    marks.leave(str(onefirm.root), "guard", "failed: OSError", 20.0, __version__)
    assert "the guard before an edit failed: OSError" in attention(onefirm)
