"""The shape of the project itself: what a newcomer may rely on, held by tests instead of by memory."""

import ast
import importlib.metadata
import json
import os
import re
import statistics
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import onefirm

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("onefirm", "mcp_server", "hooks", "scripts", "tests")
SHIPPED = ("onefirm", "mcp_server")
BLURRED = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "shared", "base_utils"}
Definition = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*rooms: str) -> list[Path]:
    """The Python files of some rooms; those of others' packages (node_modules) and data are not ours."""
    found = (path for room in rooms for path in (PROJECT / room).rglob("*.py"))
    return sorted(path for path in found if not {"node_modules", "data", "__pycache__"} & set(path.parts))


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def definitions(path: Path) -> Iterator[Definition]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, Definition))


def lines_of(definition: Definition) -> int:
    """Lines of a function's body, its docstring left out: words about it don't make it longer."""
    body = definition.body[1:] if ast.get_docstring(definition) and len(definition.body) > 1 else definition.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def tracked() -> list[Path]:
    """Every file in git that is text; empty outside a checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False)
    found = (PROJECT / line for line in listed.stdout.split("\0") if line)
    return [path for path in found if path.is_file() and b"\0" not in path.read_bytes()[:1024]]


def test_a_module_says_what_it_is() -> None:
    silent = [name(p) for p in sources(*ROOMS) if p.read_text().strip() and not ast.get_docstring(parsed(p))]
    assert silent == []


def test_files_and_folders_are_named_by_nouns() -> None:
    blurred = [name(path) for path in sources(*ROOMS) if {path.stem, path.parent.name} & BLURRED]
    assert blurred == []


def test_functions_stay_small() -> None:
    sizes = [lines_of(definition) for path in sources(*SHIPPED) for definition in definitions(path)]
    p90 = statistics.quantiles(sizes, n=10)[-1]
    assert statistics.median(sizes) <= 10
    assert p90 <= 30
    assert sum(size > 50 for size in sizes) / len(sizes) < 0.04


def test_files_stay_readable_in_one_sitting() -> None:
    sizes = {name(path): len(path.read_text().splitlines()) for path in sources(*SHIPPED)}
    assert statistics.median(sizes.values()) <= 210
    assert {place: size for place, size in sizes.items() if size > 500} == {}


def test_every_public_class_and_function_says_what_it_is() -> None:
    silent = [
        f"{name(path)}: {node.name}"
        for path in sources(*SHIPPED)
        if path.parent.name != "versions"  # Alembic asks for `upgrade` and `downgrade`, and that is what they are
        for node in parsed(path).body
        if isinstance(node, Definition | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_tests_use_fakes_and_no_mocks() -> None:
    mocked = [
        name(path)
        for path in sources("tests")
        if re.search(r"^(from|import) (unittest\.)?mock", path.read_text(), re.M)
    ]
    assert mocked == []


def test_names_of_tests_are_sentences() -> None:
    tests = [d for path in sources("tests") for d in definitions(path) if d.name.startswith("test_")]
    assert [d.name for d in tests if d.name.count("_") < 2 and not is_table(d)] == []


def is_table(test: Definition) -> bool:
    """Whether the test's rows complete its name."""
    return any("parametrize" in ast.unparse(mark) for mark in test.decorator_list)


def test_there_is_one_version() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    plugin = json.loads((PROJECT / ".claude-plugin" / "plugin.json").read_text())
    market = json.loads((PROJECT / ".claude-plugin" / "marketplace.json").read_text())
    listed = next(entry for entry in market["plugins"] if entry["name"] == "onefirm")
    assert {project["version"], plugin["version"], listed["version"]} == {onefirm.__version__}


def test_an_installed_onefirm_is_this_one() -> None:
    try:
        installed = importlib.metadata.version("onefirm")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("onefirm runs from the checkout and is not installed")
    assert installed == onefirm.__version__


@pytest.mark.parametrize("folder", ["bin", "scripts"])
def test_programs_can_be_started(folder: str) -> None:
    programs = [path for path in (PROJECT / folder).iterdir() if path.is_file() and path.suffix == ""]
    assert programs
    for path in programs:
        assert os.access(path, os.X_OK), f"{name(path)} is not executable"
        assert path.read_text().startswith("#!"), f"{name(path)} has no first line that names its interpreter"


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    # assembled, so that this file does not name one either
    places = re.compile("|".join(map(re.escape, ("/ro" + "ot/", "/wo" + "rk/", "/ho" + "me/", "/Us" + "ers/"))))
    named = [name(path) for path in tracked() if places.search(path.read_text(encoding="utf-8", errors="replace"))]
    assert named == []


def test_the_node_lock_names_no_download_host() -> None:
    lock = json.loads((PROJECT / "tests" / "node" / "package-lock.json").read_text())
    assert [place for place, package in lock["packages"].items() if "resolved" in package] == []
