"""`scripts/eval` against a scripted model on loopback: both ways are played, judged, counted, and nothing pretended."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from client.driver import Call, Fail, Reply
from client.driver.model import FakeModel
from client.firm import PLUGIN, tool

WHOLE_WAY = "a record's whole way is told from the ledger"


def evaluate(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`scripts/eval WORDS` with nothing of the machine's but a path, and the key and address that are given."""
    return subprocess.run(
        [PLUGIN / "scripts" / "eval", *words],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "ONEFIRM_PYTHON": sys.executable, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def verdicts(*holds: bool) -> str:
    return json.dumps({"verdicts": [{"n": n, "true": one, "why": "seen"} for n, one in enumerate(holds, 1)]})


@pytest.mark.row("CMD-03")
def test_without_a_key_it_says_what_it_would_run_and_runs_nothing() -> None:
    planned = evaluate("trace", "--plan")
    assert planned.returncode == 0
    assert planned.stdout.splitlines()[0] == f"trace                  {WHOLE_WAY}"
    assert "1 cases, 4 conversations" in planned.stdout
    refused = evaluate("trace")
    assert refused.returncode == 2
    assert refused.stdout == planned.stdout
    assert "ANTHROPIC_API_KEY is not set, so nothing was run." in refused.stderr
    assert evaluate("no-such-playbook").returncode == 2


@pytest.mark.row("CMD-03")
def test_a_case_is_played_with_and_without_its_playbook_and_scored_by_its_rubric(claude: Path) -> None:
    look = Reply(calls=(Call(tool("ledger_trace"), {"ref": "T-1"}),))
    write = Reply(calls=(Call(tool("record_write"), {"changes": [{"op": "archive", "ref": "T-1"}]}),))
    judge = [verdicts(True, True, True, True, False), "I can't say."]
    turns = (look, "The operator blocked T-1.", judge[0], look, write, "I archived T-1.", judge[1])
    with FakeModel(turns) as model:
        done = evaluate("trace", "--json", ANTHROPIC_API_KEY="sk-ant-dummy", ANTHROPIC_BASE_URL=model.url)
        assert done.returncode == 0, done.stderr
        asked = [one for one in model.asked if one.lane == "main"]
    assert model.unused == {}
    results: list[dict[str, Any]] = json.loads(done.stdout)
    assert [(one["case"], one["with_playbook"]) for one in results] == [(WHOLE_WAY, True), (WHOLE_WAY, False)]
    ours, theirs = results

    assert "<command-name>/onefirm:trace</command-name>" in asked[0].text
    assert [(step["tool"], step["refused"]) for step in ours["conversation"]["steps"]] == [("ledger_trace", False)]
    assert "No photos yet" in ours["conversation"]["steps"][0]["told"]
    assert [point["holds"] for point in ours["points"]] == [True, True, True, True, True, True, True, False]

    assert "<command-name>" not in asked[3].text
    assert "Show how a record, decision, lesson or event came to be" in theirs["conversation"]["asked"]
    assert "Skill" not in asked[3].tools
    assert [step["refused"] for step in theirs["conversation"]["steps"]] == [False, True], "permissions are the same"
    assert [point["holds"] for point in theirs["points"]][3:] == [None] * 5, "no verdict is no point"

    assert "No photos yet" in asked[2].text, "the judge reads what the calls answered"
    for one in results:
        assert one["conversation"]["cost"]["tokens_in"] > 1000
        assert one["conversation"]["cost"]["usd"] > 0
        assert one["judge"]["usd"] > 0


@pytest.mark.row("CMD-03")
def test_a_model_that_fails_is_a_failure_and_no_score(claude: Path) -> None:
    with FakeModel([Fail(401, "authentication_error", "invalid x-api-key")] * 8) as model:
        done = evaluate("trace", ANTHROPIC_API_KEY="sk-ant-dummy", ANTHROPIC_BASE_URL=model.url)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no: The work came to an end." in done.stdout
    assert "with the playbook" in done.stdout
