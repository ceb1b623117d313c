"""How scripts/test reads what the steps say: a failure it overlooks would be a green run that is not."""

import importlib.machinery
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "test"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("scripts_test", str(SCRIPT))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    exec(
        loader.source_to_code(SCRIPT.read_bytes(), str(SCRIPT)), module.__dict__
    )  # leaves no bytecode beside the script
    return module


@pytest.mark.parametrize(
    ("closing", "counts"),
    [
        ("31 passed in 14.62s", {"passed": 31}),
        ("== 1 failed, 18 passed, 1 error in 75.25s (0:01:15) ==", {"failed": 1, "passed": 18, "errors": 1}),
        ("3 skipped, 451 deselected in 1.18s", {"skipped": 3, "deselected": 451}),
        ("no tests ran in 0.01s", {}),
    ],
)
def test_the_closing_line_is_counted(script: ModuleType, closing: str, counts: dict[str, int]) -> None:
    assert script.counted(f"...\n{closing}\n") == counts


def test_the_last_closing_line_counts(script: ModuleType) -> None:
    assert script.counted("2 passed in 1.00s\n5 passed in 1.00s\n") == {"passed": 5}


def test_a_failure_is_told_and_decides_the_exit_code(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    report = script.Report()
    report.counts.update(passed=3, failed=1)
    report.failed.append("FAILED tests/test_x.py::test_y")
    report.not_measured += ["not measured: no Node", "not measured: no Node"]
    assert report.close() == 1
    told = capsys.readouterr().out
    assert told.count("not measured: no Node") == 1
    assert told.splitlines()[-1].startswith("===== 1 failed, 3 passed in ")


def test_a_step_that_fails_without_a_word_fails_the_run(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "run", lambda command: (3, "Fatal Python error"))
    report = script.Report()
    script.suite("tests", (), report)
    assert report.failed == ["tests: exit 3"]
    assert report.counts == {"errors": 1}


def test_no_slow_test_and_none_that_drives_the_client_lies_where_it_is_not_looked_for(script: ModuleType) -> None:
    tests = SCRIPT.parents[1] / "tests"
    marked = [path for path in tests.rglob("*.py") if re.search(r"mark\.(slow|client)\b", path.read_text("utf-8"))]
    assert len(marked) > 5
    looked = [SCRIPT.parents[1] / place for place in script.LONG]
    told = {Path(__file__), tests / "acceptance" / "test_rows.py"}  # they only speak of it
    assert [path for path in marked if path not in told and not any(map(path.is_relative_to, looked))] == []
    assert [place for place in looked if not place.exists()] == []
