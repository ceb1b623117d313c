"""The guard's precision, by corpora that were written apart from its rules: tests/data/guard."""

import copy
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from onefirm.sessions import tree
from support.hook import PROJECT, Firm, stored

pytestmark = pytest.mark.row("NAR-04")

DATA = PROJECT / "tests/data/guard"
FILE = "context/CLAUDE.md"
# Every so many cases go through a process of their own; the others through the same code in this one.
SAMPLED = 8


def cases(name: str, key: str) -> list[dict[str, Any]]:
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))[key]


@pytest.fixture
def desk(tmp_path: Path):
    """Sets a case up as a workspace and gives the firm and the event that the guard is asked about."""

    def laid(case: dict[str, Any]) -> tuple[Firm, dict[str, Any]]:
        firm = Firm.at(tmp_path / case["id"])
        if case.get("before") is not None:
            firm.write(FILE, case["before"])
        firm.session()
        for ref, props in {case["ref"]: case["truth"], **(case.get("others") or {})}.items():
            firm.truth(ref, **stored(props))
            if case["receipt"]:
                firm.look(ref)
        return firm, event(firm, case["edit"])

    return laid


def event(firm: Firm, edit: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {"file_path": str(firm.root / FILE)}
    given |= (
        {"content": edit["content"]}
        if edit["tool"] == "Write"
        else {"old_string": edit["old"], "new_string": edit["new"]}
    )
    return {"tool_name": edit["tool"], "tool_input": given, "session_id": firm.client, "cwd": str(firm.root)}


def asked_here(firm: Firm, payload: dict[str, Any]) -> str:
    """The guard's denial, asked in this process."""
    from hooks import guard

    output = guard.run(copy.deepcopy(payload), str(firm.root))[1] or {}
    return output.get("hookSpecificOutput", {}).get("permissionDecisionReason", "")


def asked_outside(firm: Firm, payload: dict[str, Any]) -> str:
    """The guard's denial, asked as Claude Code asks."""
    return firm.run("guard", **payload).denial


@pytest.fixture(autouse=True)
def hooks_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PROJECT))


@pytest.mark.parametrize("case", cases("honest", "cases"), ids=lambda case: case["id"])
def test_an_honest_edit_passes(desk, case: dict[str, Any]) -> None:
    assert asked_here(*desk(case)) == "", case["note"]


def test_of_the_violating_edits_at_least_95_in_100_are_caught_by_their_rule(desk) -> None:
    reasons = {"receipt": "hasn't looked at", "contradiction": "the truth says", "property": "is a property of"}
    told = [(case, asked_here(*desk(case))) for case in cases("violating", "cases")]
    missed = [f"{case['id']} {case['note']}" for case, denial in told if reasons[case["rule"]] not in denial]
    assert len(missed) <= 0.05 * len(told), missed


def test_what_the_guard_missed_or_never_saw_is_caught_at_stop(desk) -> None:
    """The same violating edits, made by a shell behind the guard's back."""
    missed = []
    for case in cases("violating", "cases")[::SAMPLED]:
        firm, _ = desk(case)
        firm.start()
        firm.bash("true")
        after = text_after(case)
        firm.run("before_command", tool_name="Bash", tool_input={"command": ""}, tool_use_id="b")
        firm.write(FILE, after)
        firm.run("post_tool_use", tool_name="Bash", tool_input={"command": ""}, tool_use_id="b")
        if not firm.run("stop").block:
            missed.append(f"{case['id']} {case['note']}")
    assert missed == []


def text_after(case: dict[str, Any]) -> str:
    edit = case["edit"]
    return edit["content"] if edit["tool"] == "Write" else case["before"].replace(edit["old"], edit["new"])


@pytest.mark.parametrize("name", ["honest", "violating"])
def test_the_hook_as_a_process_says_the_same(desk, name: str) -> None:
    for case in cases(name, "cases")[::SAMPLED]:
        firm, payload = desk(case)
        assert asked_outside(firm, payload) == asked_here(firm, payload), case["id"]


# --- amounts and dates within a sentence


def figures(firm: Firm, group: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The lines of a group with their labels, and what the guard says to each."""
    for ref, props in {group["ref"]: group["truth"], **group.get("others", {})}.items():
        firm.truth(ref, **stored(props))
        firm.look(ref)
    head = f"# {group['truth']['title']}\n\nRecord: {group['ref']}\nParent: [x](../CLAUDE.md)\n\nThey count.\n"
    firm.write(FILE, head)
    edits = [
        (label, line, {"tool": "Edit", "old": "They count.\n", "new": f"They count.\n\n{line}\n"})
        for label, line in group["lines"]
    ]
    return [(label, line, asked_here(firm, event(firm, edit))) for label, line, edit in edits]


@pytest.mark.parametrize("half", ["tuned", "held"])
def test_an_amount_or_a_date_that_the_truth_has_otherwise_is_told_from_one_that_may_stand(
    tmp_path: Path, half: str
) -> None:
    firms = [(Firm.at(tmp_path / str(number)), group) for number, group in enumerate(cases("figures", half))]
    for firm, _ in firms:
        firm.session()
    told = [one for firm, group in firms for one in figures(firm, group)]
    denied = [label for label, _, denial in told if "the truth says" in denial]
    wrong = [label for label, _, _ in told if label == "wrong"]
    assert [line for label, line, denial in told if label == "honest" and denial] == []
    assert denied.count("wrong") >= 0.8 * len(wrong)


def test_the_refusal_of_a_figure_has_the_write_that_would_make_it_true(tmp_path: Path) -> None:
    firm = Firm.at(tmp_path)
    firm.session()
    group = {"ref": "P-1", "truth": {"title": "Launch site", "budget": "24000.00 EUR", "due": "2026-12-12"}}
    group["lines"] = [["wrong", "The budget of 42,000 EUR is tight."], ["wrong", "We deliver on 9 January, at last."]]
    (_, _, budget), (_, _, due) = figures(firm, group)
    assert "“budget” of P-1 is 42000.00 EUR; the truth says 24000.00 EUR (operator, 2026-11-20)" in budget
    assert '{"changes":[{"op":"update","ref":"P-1","set":{"budget":"42000.00 EUR"}}]}' in budget
    assert '"set":{"due":"2027-01-09"}' in due


# --- ways round

WORLD = yaml.safe_load((DATA / "ways_round.yaml").read_text(encoding="utf-8"))["world"]
GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]


class Way:
    """One way round, played against a fresh world."""

    def __init__(self, tmp_path: Path) -> None:
        self.firm = Firm.at(tmp_path / "firm")
        self.elsewhere = tmp_path / "elsewhere"
        self.elsewhere.mkdir()
        (self.firm.root / ".gitignore").write_text(".onefirm/\n")
        self._git("init", "-q")
        for files in (WORLD["earlier"], WORLD["files"]):
            for path, text in files.items():
                self.firm.write(path, text)
            self._git("add", "-A")
            self._git("commit", "-q", "-m", "x")
        self.firm.start()
        for ref, props in WORLD["truth"].items():
            self.firm.truth(ref, **stored(props))
        for ref in WORLD["receipts"]:
            self.firm.look(ref)

    def _git(self, *arguments: str) -> None:
        subprocess.run([*GIT, *arguments], cwd=self.firm.root, check=True)

    def filled(self, value: Any) -> Any:
        """A value with its placeholders replaced."""
        folder = f"{self.firm.root}/context/clients/acme"
        places = {
            "{root}": str(self.firm.root), "{file}": f"{folder}/launch/CLAUDE.md", "{dir}": f"{folder}/launch",
            "{other}": f"{folder}/CLAUDE.md", "{elsewhere}": str(self.elsewhere),
        }  # fmt: skip
        if isinstance(value, str):
            for place, path in places.items():
                value = value.replace(place, path)
            return value
        if isinstance(value, dict):
            return {key: self.filled(item) for key, item in value.items()}
        return [self.filled(item) for item in value] if isinstance(value, list) else value

    def step(self, step: dict[str, Any], number: int) -> bool:
        """Plays one step; False when it was denied."""
        cwd = Path(step.get("cwd") or self.firm.root)
        payload = {key: value for key, value in step.items() if key in ("tool_name", "tool_input", "agent_id")}
        payload["tool_use_id"] = f"toolu_{number}"
        is_command = step["tool_name"] == "Bash" or step["tool_name"].startswith("mcp__")
        if self.firm.run("before_command" if is_command else "guard", cwd=cwd, **payload).denial:
            return False
        response = self.do(step, cwd)
        self.firm.run("post_tool_use", cwd=cwd, hook_event_name="PostToolUse", tool_response=response, **payload)
        return True

    def do(self, step: dict[str, Any], cwd: Path) -> dict[str, Any]:
        """Does what the tool does, in place."""
        given = step["tool_input"]
        if step["tool_name"] == "Bash":
            subprocess.run(["sh", "-c", given["command"]], cwd=cwd, check=True, timeout=30)
            return {}
        if writes := step.get("writes"):
            Path(writes["path"]).write_text(writes["content"])
            return {}
        file = cwd / given["file_path"]
        original = file.read_text() if file.exists() else None
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(given.get("content") or (original or "").replace(given["old_string"], given["new_string"], 1))
        return {"originalFile": original}

    def unreceipted(self) -> list[str]:
        """The paths that Stop holds against this session for want of a receipt for P-1."""
        left = tree.unreconciled(str(self.firm.root), self.firm.session())
        return [item["path"] for item in left if "hasn't looked at P-1" in item["why"]]


@pytest.mark.parametrize("way", cases("ways_round", "ways"), ids=lambda way: way["id"])
def test_no_way_round_stays_unseen(tmp_path: Path, way: dict[str, Any]) -> None:
    played = Way(tmp_path)
    path = str(Path(played.filled(way.get("path", "{file}"))).relative_to(played.firm.root))
    before = (played.firm.root / path).read_text() if (played.firm.root / path).exists() else None
    for number, step in enumerate(way["steps"]):
        if not played.step(played.filled(step), number):
            break
    else:
        assert way["expect"] == "seen", "the last step was let through"
        deadline = time.monotonic() + way.get("settles_s", 0)
        while time.monotonic() < deadline and (played.firm.root / path).read_text() == before:
            time.sleep(0.02)
        played.firm.run("stop")
        assert path in played.unreceipted()
