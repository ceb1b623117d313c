"""What hooks say, word by word: one golden file an answer. And the reference of hooks, generated from what is declared.

`ONEFIRM_ACCEPT_GOLDEN=1` writes both; read what changed as a diff.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from onefirm.sessions import hatch
from support.asked import chosen, question
from support.hook import PROJECT, Answer, Firm

sys.path.append(str(PROJECT))
from hooks import fail_modes

FILES = Path(__file__).parent / "hooks"
REFERENCE = PROJECT / "docs/reference/hooks.md"
ACCEPT = os.environ.get("ONEFIRM_ACCEPT_GOLDEN") == "1"
FILE = "context/launch/CLAUDE.md"
TEXT = "# Launch site\n\nRecord: P-1\nParent: [Acme](../CLAUDE.md)\n\nWe start with the booking path.\n"


def edit(firm: Firm, added: str) -> Answer:
    return firm.edit(FILE, "We start", added + "\n\nWe start")


def seen(firm: Firm) -> Firm:
    firm.look("P-1")
    return firm


def read(firm: Firm) -> Answer:
    return firm.run("post_tool_use", tool_name="Read", tool_input={"file_path": str(firm.root / FILE)})


def read_again(firm: Firm) -> Answer:
    read(firm)
    firm.truth("P-1", status="delivery", next_action="Send the plan to Jana", actor="outside")
    return read(firm)


def lifted(firm: Firm) -> Answer:
    hatch.open(str(firm.root), time.time() + 1800, "moving house", "operator")
    return edit(firm, "The range officer is ill.")


def lost(firm: Firm) -> Answer:
    (firm.root / ".onefirm/guard.json").unlink()
    return edit(firm, "The range officer is ill.")


def moved(firm: Firm) -> Answer:
    seen(firm).truth("P-1", status="delivery", due="2026-12-01", actor="operator")
    return firm.run("prompt", prompt="How is the launch site doing?")


def compacted(firm: Firm) -> Answer:
    (firm.root / ".onefirm/brief.json").write_text("{}")
    seen(firm).run("prompt", prompt="Move the launch site to delivery,\nand say why.")
    firm.tell("record.updated", "P-1", session=firm.session(), actor="claude", after={"status": "delivery"})
    firm.decide("DEC-1", "The booking path comes first", "P-1")
    by_shell(firm)
    firm.run("pre_compact", trigger="auto")
    return firm.run("session_start", source="compact")


def by_shell(firm: Firm) -> Answer:
    return firm.bash(f"printf 'Owner: Mira\\nThe project is done.\\n' >> {FILE}")


def stopped(firm: Firm) -> Answer:
    by_shell(seen(firm))
    return firm.run("stop")


def by_others(firm: Firm) -> Answer:
    firm.write(FILE, TEXT + "\nThe project is done.\n")
    return firm.run("stop")


def old_brief(firm: Firm) -> Answer:
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() - 7200))
    (firm.root / ".onefirm/brief.json").write_text(json.dumps({"at": at, "text": "P-1 is due on Friday.", "lines": []}))
    return firm.run("session_start", source="startup")


ANSWERS: dict[str, Callable[[Firm], Answer]] = {
    "guard_without_receipt": lambda firm: edit(firm, "The range officer is ill."),
    "guard_contradiction": lambda firm: edit(seen(firm), "The project is done."),
    "guard_property": lambda firm: edit(seen(firm), "Due: 2026-12-01"),
    "guard_unknown_record": lambda firm: firm.edit(FILE, "P-1", "ZZ-9"),
    "guard_private": lambda firm: firm.edit(".onefirm/guard.json", "version", "x"),
    "guard_generated": lambda firm: firm.edit("context/generated/index.md", "", "x"),
    "guard_append_only": lambda firm: firm.edit("context/decisions.md", "", "x"),
    "guard_pending": lambda firm: (firm.look("P-1", kind="record.queued"), edit(firm, "The officer is ill."))[1],
    "guard_lifted": lifted,
    "guard_lost": lost,
    "guard_passes": lambda firm: edit(seen(firm), "The range officer is ill."),
    "post_tool_use_against_the_truth": by_shell,
    "post_tool_use_state": read,
    "post_tool_use_state_moved": read_again,
    "post_tool_use_chosen": lambda firm: chosen(firm, question(), "One file"),
    "prompt_moved": moved,
    "prompt_nothing_moved": lambda firm: seen(firm).run("prompt", prompt="How is the launch site doing?"),
    "session_start_after_compaction": compacted,
    "stop_blocks": stopped,
    "stop_informs_of_others": by_others,
    "session_start_old_brief": old_brief,
}


def held(file: Path, text: str) -> None:
    if ACCEPT:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.exists(), f"{file.name} is missing: read the change, then accept it with ONEFIRM_ACCEPT_GOLDEN=1"
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ANSWERS)
def test_a_hook_answers_as_its_golden_file_says(tmp_path: Path, name: str) -> None:
    firm = Firm.at(tmp_path / "firm")
    firm.write(FILE, TEXT)
    firm.truth("P-1", title="Launch site", status="discovery")
    firm.start()
    answer = ANSWERS[name](firm)
    assert (answer.code, answer.stderr) == (0, "")
    said = json.dumps(answer.output, indent=2, ensure_ascii=False).replace(firm.session(), "S-1")
    held(FILES / f"{name}.json", said + "\n")


def test_there_is_no_golden_file_without_an_answer() -> None:
    assert sorted(file.stem for file in FILES.iterdir()) == sorted(ANSWERS)


def fail_table() -> str:
    """The fail modes as a table, and what each word of it means."""
    hooks = list(fail_modes.HOOKS)
    rows = [f"| {what} | " + " | ".join(row[hook] for hook in hooks) + " |" for what, row in fail_modes.TABLE.items()]
    head = ["| what is broken | " + " | ".join(f"`{hook}`" for hook in hooks) + " |", "|---" * (len(hooks) + 1) + "|"]
    meaning = [f"- **{word}**: {said}" for word, said in fail_modes.MEANING.items()]
    return "\n".join([*head, *rows, "", *meaning])


def declared_table() -> str:
    """What hooks.json declares."""
    rows = ["| event | for | runs | seconds at most |", "|---|---|---|---|"]
    for event, groups in json.loads((PROJECT / "hooks/hooks.json").read_text())["hooks"].items():
        for group in groups:
            for hook in group["hooks"]:
                runs = hook["args"][1] if hook["type"] == "command" else f"tool {hook['tool']}"
                matcher = group.get("matcher", "").replace("|", "\\|")
                rows.append(f"| {event} | {f'`{matcher}`' if matcher else 'always'} | `{runs}` | {hook['timeout']} |")
    return "\n".join(rows)


@pytest.mark.parametrize(("name", "made"), [("declared", declared_table), ("fail modes", fail_table)])
def test_the_reference_says_what_the_hooks_declare(name: str, made: Callable[[], str]) -> None:
    begin, end = f"<!-- {name}: generated -->", f"<!-- {name}: end -->"
    text = REFERENCE.read_text(encoding="utf-8")
    whole = re.sub(
        re.escape(begin) + ".*?" + re.escape(end), lambda _: f"{begin}\n\n{made()}\n\n{end}", text, flags=re.S
    )
    assert begin in text
    held(REFERENCE, whole)
