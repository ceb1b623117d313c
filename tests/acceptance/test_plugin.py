"""The plugin as it is shipped: one version, one lock, valid for the client, and alive however it is loaded."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client.driver import ClientMissing, Lab, find_claude
from support.firms import demo_firm
from support.terminal import PROJECT, Terminal
from support.unmeasured import not_measured

TOOL = "mcp__plugin_onefirm_firm__"
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
LEFT_OUT = (".git", ".venv", ".data", "tests", "node_modules", "__pycache__", ".*_cache", "dist")


# -- what is written down ----------------------------------------------------------------------------------------------


def manifest(root: Path = PROJECT) -> Any:
    return json.loads((root / ".claude-plugin" / "plugin.json").read_text())


@pytest.mark.row("OPS-02")
def test_the_manifest_starts_the_server_through_the_launcher() -> None:
    server = manifest()["mcpServers"]["firm"]
    assert server["command"] == "${CLAUDE_PLUGIN_ROOT}/bin/onefirm"
    assert server["args"] == ["mcp"]
    assert server["alwaysLoad"] is True


@pytest.mark.row("STA-03")
def test_the_plugins_option_for_the_notion_token_reaches_the_server_and_is_never_needed() -> None:
    option = manifest()["userConfig"]["notion_token"]
    assert option["sensitive"] is True
    assert "required" not in option  # the client starts no server while a required one is unset
    environment = manifest()["mcpServers"]["firm"]["env"]
    assert environment == {"CLAUDE_PLUGIN_OPTION_NOTION_TOKEN": "${user_config.notion_token}"}


@pytest.mark.row("OPS-02")
def test_the_repository_is_a_marketplace_of_this_one_plugin() -> None:
    market = json.loads((PROJECT / ".claude-plugin" / "marketplace.json").read_text())
    (listed,) = market["plugins"]
    assert (listed["name"], listed["source"]) == (manifest()["name"], "./")


@pytest.mark.row("OPS-02")
def test_the_icon_is_square_and_drawn_by_the_script_beside_it(tmp_path: Path) -> None:
    icon = PROJECT / ".claude-plugin" / manifest()["icon"].rpartition("/")[2]
    assert struct.unpack(">II", icon.read_bytes()[16:24]) == (512, 512)
    subprocess.run(
        [sys.executable, PROJECT / "scripts" / "icon", tmp_path / "icon.png"], check=True, capture_output=True
    )
    assert (tmp_path / "icon.png").read_bytes() == icon.read_bytes()


def locked() -> dict[str, dict[str, Any]]:
    """Every package of uv.lock by name; the project's own lock has one version of each."""
    packages = tomllib.loads((PROJECT / "uv.lock").read_text())["package"]
    return {package["name"]: package for package in packages}


def needed(lock: dict[str, dict[str, Any]]) -> set[str]:
    """What onefirm needs at run time, and what that needs, on any platform."""
    found: set[str] = set()
    waiting = [
        (dependency["name"], tuple(dependency.get("extra", ()))) for dependency in lock["onefirm"]["dependencies"]
    ]
    while waiting:
        name, extras = waiting.pop()
        more = [d for extra in extras for d in lock[name].get("optional-dependencies", {}).get(extra, ())]
        if name not in found or extras:
            waiting += [(d["name"], tuple(d.get("extra", ()))) for d in (*lock[name].get("dependencies", ()), *more)]
        found.add(name)
    return found


@pytest.mark.row("OPS-02")
def test_what_the_plugin_installs_is_what_the_lock_says() -> None:
    lock = locked()
    stated: dict[str, tuple[str, set[str]]] = {}
    for entry in re.split(r"\n(?=[a-z])", (PROJECT / "requirements.txt").read_text()):
        if named := re.match(r"([a-z0-9-]+)==(\S+)", entry):
            stated[named[1]] = (named[2], set(HASH.findall(entry)))
    assert set(stated) == needed(lock)
    for name, (version, hashes) in stated.items():
        files = [*lock[name].get("wheels", ()), *([lock[name]["sdist"]] if "sdist" in lock[name] else [])]
        assert version == lock[name]["version"]
        assert hashes == {file["hash"] for file in files}, f"{name}: export requirements.txt again, as its head says"


# -- in the client -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def claude() -> Path:
    try:
        return find_claude()
    except ClientMissing as missing:
        not_measured(str(missing))


@pytest.fixture
def lab(claude: Path) -> Iterator[Lab]:
    with Lab(claude) as lab:
        yield lab


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh venv that has the wheel, and this environment's packages behind it."""
    place = tmp_path_factory.mktemp("wheel")
    wheel = build_wheel(place)
    venv.create(place / "venv", with_pip=False, symlinks=True)
    python = place / "venv" / "bin" / "python"
    (site,) = (place / "venv" / "lib").glob("python3*/site-packages")
    base = getattr(sys, "_base_executable", sys.executable)
    install = [base, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    packages = {str(Path(path).resolve()) for path in sys.path if path.endswith("site-packages")}
    (site / "packages.pth").write_text("\n".join(packages))
    return python


def build_wheel(place: Path) -> Path:
    """The project's wheel, by uv or pip, from a copy in which nobody else is at work."""
    shutil.copytree(PROJECT, place / "project", ignore=shutil.ignore_patterns(*LEFT_OUT))
    pip = [getattr(sys, "_base_executable", sys.executable), "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", place]
    uv = ["uv", "build", "--quiet", "--wheel", "-o", place]
    said = ""
    for command in (uv, pip) if shutil.which("uv") else (pip,):
        done = subprocess.run([*command, place / "project"], capture_output=True, text=True, check=False)
        said = said or done.stderr.strip()[-200:]
        if done.returncode == 0:
            break
    wheels = list(place.glob("*.whl"))
    return wheels[0] if wheels else not_measured(f"the wheel: neither uv nor pip could build it ({said})")


def shipped(python: Path) -> Path:
    said = subprocess.run(
        [python.with_name("onefirm"), "plugin", "path"], capture_output=True, text=True, check=True, cwd=python.parent
    )
    return Path(said.stdout.strip())


def report(lab: Lab, target: Path) -> Any:
    done = lab.cli("plugin", "validate", str(target), "--strict", "--json")
    return json.loads(done.stdout)


def complaints(found: Any) -> list[str]:
    """Everything that the report holds against the plugin, wherever it stands in it."""
    parts = [found["manifest"], *found["contents"]]
    return [json.dumps(one) for part in parts for one in (*part["errors"], *part["warnings"])]


@pytest.mark.client
@pytest.mark.row("OPS-02")
@pytest.mark.parametrize("target", [".", ".claude-plugin/plugin.json"])
def test_the_client_finds_nothing_wrong_but_the_contributors_file(lab: Lab, target: str) -> None:
    found = report(lab, PROJECT / target)
    wrong = complaints(found)
    assert len(wrong) <= 1
    assert all("CLAUDE.md" in one for one in wrong)
    assert [server["name"] for server in found["provides"]["mcpServers"]] == ["firm"]
    blocking = [f["code"] for f in found["directory"]["findings"] if f["blocking"]]
    assert blocking == []


@pytest.mark.client
@pytest.mark.row("OPS-02")
def test_the_wheels_plugin_is_whole_and_valid(lab: Lab, installed: Path) -> None:
    root = shipped(installed)
    assert root.name == "_shipped"
    assert complaints(report(lab, root)) == []
    hooks = {path.name for path in (PROJECT / "hooks").iterdir() if path.is_file()}
    assert hooks <= {path.name for path in (root / "hooks").iterdir()}
    playbooks = {path.name: path.read_text() for path in (PROJECT / "commands").iterdir()}
    assert {path.name: path.read_text() for path in (root / "commands").iterdir()} == playbooks
    assert manifest(root) == manifest()


def is_alive(lab: Lab, firm: Terminal, plugins: list[Path], **env: str) -> None:
    """The brief reaches the model, and a tool of the plugin answers."""
    from client.driver import call

    run = lab.run(
        "how does the launch site stand?",
        call(f"{TOOL}record_get", refs=["P-1"]),
        "It is in delivery.",
        plugins=plugins,
        allow=[TOOL.rstrip("_")],
        env=env,
        cwd=firm.root,
    )
    assert "Northlight Studio" in run.first.text
    assert "Launch site" in run.results[0].text
    assert not run.results[0].refused
    assert lab.settle()


@pytest.mark.client
@pytest.mark.row("OPS-02")
def test_it_lives_from_a_checkout(lab: Lab, tmp_path: Path) -> None:
    is_alive(lab, demo_firm(tmp_path), [PROJECT])


@pytest.mark.client
@pytest.mark.row("OPS-02")
def test_it_lives_from_a_wheel(lab: Lab, installed: Path, tmp_path: Path) -> None:
    is_alive(lab, demo_firm(tmp_path), [shipped(installed)])


@pytest.mark.client
@pytest.mark.row("OPS-02")
def test_it_lives_from_a_marketplace_and_leaves_nothing(lab: Lab, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(PROJECT, clone, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for words in (("marketplace", "add", str(clone)), ("install", "onefirm@onefirm")):
        done = lab.cli("plugin", *words)
        assert done.returncode == 0, done.stdout + done.stderr
    is_alive(lab, demo_firm(tmp_path), [], ONEFIRM_PYTHON=sys.executable)
    for words in (("uninstall", "onefirm@onefirm"), ("marketplace", "remove", "onefirm")):
        done = lab.cli("plugin", *words)
        assert done.returncode == 0, done.stdout + done.stderr
    assert not lab.plugin_data("onefirm@onefirm").exists()


@pytest.mark.client
@pytest.mark.slow
@pytest.mark.row("OPS-02")
def test_the_first_session_makes_the_environment_and_has_its_tools_as_the_next_one_does(
    lab: Lab, tmp_path: Path
) -> None:
    from client.driver import call

    clone = tmp_path / "clone"
    shutil.copytree(PROJECT, clone, ignore=shutil.ignore_patterns(*LEFT_OUT))
    firm = demo_firm(tmp_path)
    machine = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))}
    first = lab.run(
        "how does the launch site stand?",
        *[call(f"{TOOL}setup_wait")] * 3,  # each for less than a minute; one that finds nothing to wait for is refused
        call(f"{TOOL}record_get", refs=["P-1"]),
        "It is in delivery.",
        plugins=[clone],
        allow=[TOOL.rstrip("_")],
        cwd=firm.root,
        env={**machine, **ONLINE},
    )
    assert "onefirm is setting up its environment" in first.first.text
    assert lab.settle(180)
    if not (lab.plugin_data("onefirm@inline") / "env" / "current").exists():
        not_measured("making the environment: " + (lab.plugin_data("onefirm@inline") / "env" / "failed").read_text())
    assert "Launch site" in first.results[-1].text
    is_alive(lab, firm, [clone])


ONLINE = {"HTTP_PROXY": "", "HTTPS_PROXY": ""}
"""The lab keeps the client offline; what it starts here may reach the package index, as at an operator's."""


@pytest.mark.client
@pytest.mark.row("OPS-02")
def test_a_command_in_claudes_shell_is_claudes_and_never_the_operators(lab: Lab, tmp_path: Path) -> None:
    from client.driver import call

    firm = demo_firm(tmp_path)
    run = lab.run(
        "use the terminal",
        call("Bash", command="onefirm record update P-1 status=review"),
        call("Bash", command="onefirm guard off --for 5m --why 'I know better'"),
        "Done.",
        plugins=[PROJECT],
        allow=["Bash(onefirm:*)"],
        cwd=firm.root,
    )
    written, lifted = run.results
    assert "P-1 Launch site: status delivery → review" in written.text
    assert "operator's own decision" in lifted.text
    (entry,) = firm.data("ledger", "log", "--about", "P-1", "--limit", "1")
    (opened,) = firm.data("ledger", "log", "--kind", "session.opened", "--limit", "1")
    assert (entry["actor"], entry["session"]) == ("claude", opened["session"])
    assert firm.data("guard", "status")["stands"]
    assert lab.settle()
