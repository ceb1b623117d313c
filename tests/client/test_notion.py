"""A firm that keeps its records in Notion, in the real client: the phone between and during sessions, a Notion that
hangs, and a token that stands in the plugin's options alone.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from client.driver import Lab, Run, Session, call
from client.firm import PLUGIN, TOOLS, tool
from onefirm.secrets import Secrets
from onefirm.sessions import pulls
from onefirm.simulators.notion import Notion
from support import notion as judged
from support.connected import Connected, connected

TOKEN = "ntn_5930714862Qh7wXzLr0nB4uTKpYc81dEvMsgAoJfi2R"
WAIT_S = 60.0
AWAY = re.compile("the mirror is [0-9]+ minutes old, pulling|the fresh one was not ready within 3 s")
"""What a start says that didn't wait; the other words are of a machine that needs longer for a brief without Notion."""


@pytest.fixture
def firm(lab: Lab) -> Iterator[Connected]:
    with Notion(token=TOKEN) as notion, connected(lab.root, notion) as firm:
        yield firm
    assert judged.faults(notion) == []


def options(firm: Connected, **more: Any) -> Mapping[str, Any]:
    """Of every session here."""
    return {"plugins": [PLUGIN], "allow": [TOOLS, "Bash(env)"], "cwd": firm.root, **more}


def look(ref: str):
    return call(tool("record_get"), refs=[ref])


def write(ref: str, **values: str):
    return call(tool("record_write"), changes=[{"op": "update", "ref": ref, "set": values}])


def give_as_option(lab: Lab, firm: Connected) -> None:
    """The token as the client keeps what the operator typed into the plugin's options, and nowhere else."""
    Secrets(firm.root).remove("notion")
    kept = lab.home / ".claude" / ".credentials.json"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps({"pluginSecrets": {"onefirm@inline": {"notion_token": TOKEN}}}))
    kept.chmod(0o600)


def pulled_by_a_prompt(session: Session, firm: Connected) -> None:
    """A prompt after the last pull has grown old begins one, in a process of its own; until that one is done."""
    os.utime(firm.root / ".onefirm" / "pull.lock", (0, 0))
    asked, end = len(firm.notion.exchanges), time.monotonic() + WAIT_S
    session.ask("and?", "Nothing new.")
    while len(firm.notion.exchanges) == asked or (turn := pulls.take(str(firm.root))) is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    os.close(turn)


def places_of_the_token(lab: Lab, firm: Connected, *runs: Run) -> list[str]:
    """Where the token stands: before the model, in the firm's folder and its history, in what else the plugin keeps."""
    shown = [one for run in runs for one in (*(json.dumps(asked.body) for asked in run.asked), json.dumps(run.events))]
    files = [path for folder in (firm.root, lab.plugin_data("onefirm@inline")) for path in folder.rglob("*")]
    found = [str(path) for path in files if path.is_file() and TOKEN.encode() in path.read_bytes()]
    history = ["git", "-C", firm.root, "log", "--all", "-p", "--format=%B"]
    told = subprocess.run(history, capture_output=True, text=True, check=True, env=lab.env()).stdout
    return [*found, *(text[:200] for text in (*shown, told) if TOKEN in text)]


def status(firm: Connected, page: str) -> str:
    """A row's status, as Notion's own client is told."""
    with judged.client(firm.notion) as api:
        found: Any = api.pages.retrieve(page)
    return str(found["properties"]["status"]["status"]["name"])


@pytest.mark.row("STA-03")
@pytest.mark.row("STA-04")
def test_what_the_phone_changed_reaches_the_model_with_a_token_that_only_the_plugins_option_has(
    lab: Lab, firm: Connected
) -> None:
    errand, sketch = firm.row("task", "Call Jana"), firm.row("task", "Sketch the front page")
    who = firm.notion.phone.user.name
    firm.settle(pull={"deadline_s": 15})
    give_as_option(lab, firm)
    first = lab.run(
        "good morning", look("T-1"), write("T-1", status="doing"), call("Bash", command="env"), "Yes.", **options(firm)
    )
    assert lab.settle(), "a process of the session still runs"
    assert f"T-1 Call Jana: created, status todo (outside: {who})" in first.first.text
    assert [result.refused for result in first.results] == [False] * 3
    assert "HOME=" in first.results[2].text
    assert status(firm, errand.id) == "DOING"

    firm.notion.phone.edit(sketch.id, {"status": "DOING"})
    with lab.session(**options(firm)) as session:
        session.ask("good morning", look("T-2"), "It moved.")
        firm.notion.phone.edit(sketch.id, {"status": "BLOCKED"})
        pulled_by_a_prompt(session, firm)
        session.ask("and now?", "It is blocked.")
    assert lab.settle(), "a process of the session still runs"
    assert f"T-2 Sketch the front page: status todo → doing (outside: {who})" in session.run.first.text
    moved = f"- T-2 “Sketch the front page”: status blocked (was doing), by “{who}” outside of onefirm"
    assert [asked.text.count(moved) for asked in session.run.lane()] == [0, 0, 0, 1]
    assert places_of_the_token(lab, firm, first, session.run) == []


@pytest.mark.row("STA-04")
@pytest.mark.row("STA-07")
def test_a_notion_that_hangs_keeps_no_session_from_its_work_and_loses_none_of_it(lab: Lab, firm: Connected) -> None:
    page = firm.row("task", "Call Jana")
    firm.settle(pull={"deadline_s": 1})
    firm.terminal.done("brief")
    firm.notion.faults.add("slow", "query", times=None, delay_s=WAIT_S)
    firm.notion.faults.add("529", "pages", times=None, retry_after_s=100)
    with lab.session(**options(firm, env={"ONEFIRM_START_DEADLINE_S": "3"})) as session:
        session.ask("good morning", call(tool("brief_get")), write("T-1", status="doing"), look("T-1"), "It waits.")
        firm.notion.faults.clear()
    assert lab.settle(), "a process of the session still runs"
    assert AWAY.search(session.run.first.text)
    brief, written, looked = session.run.results
    assert "the mirror is 0 minutes old, pulling" in brief.text
    assert "pending" in written.text
    assert "The truth can't be reached" in looked.text
    assert status(firm, page.id) == "DOING"
