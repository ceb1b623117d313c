"""The launcher and the environment that it makes, in a plugin folder with a program of three lines and a fake uv."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = """\
import os, sys
def main():
    print("ran", *sys.argv[1:])
    print("python", sys.prefix if not os.environ.get("SHOW") else sys.path)
"""
UV = """\
#!/bin/sh
# Stands in for uv: `venv … DIR` makes a folder whose python is the test's; `pip install` does as it is told.
echo "$*" >>"$UV_LOG"
case $1 in
  venv) for last; do :; done
    mkdir -p "$last/bin"
    printf '#!/bin/sh\\nexec "%s" "$@"\\n' "$TEST_PYTHON" >"$last/bin/python" && chmod +x "$last/bin/python" ;;
  pip) [ -z "${UV_SAYS:-}" ] || { echo "$UV_SAYS" >&2; exit 1; } ;;
esac
"""
IMPOSSIBLE = f"nothing-of-this-name==1 --hash=sha256:{'0' * 64}\n"
TOOLS = ("sh", "sed", "tr", "cmp", "readlink", "mkdir", "chmod", "printf")


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin folder, its data folder and a PATH of its own."""

    root: Path
    data: Path
    path: Path
    log: Path

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [self.root / "bin" / "onefirm", *arguments]
        return subprocess.run(command, env=self.env(**env), capture_output=True, text=True, timeout=60, check=False)

    def env(self, **more: str) -> Mapping[str, str]:
        return {
            "PATH": str(self.path), "HOME": str(self.data.parent), "CLAUDE_PLUGIN_DATA": str(self.data),
            "UV_LOG": str(self.log), "TEST_PYTHON": sys.executable, "LC_ALL": "C.UTF-8", **more,
        }  # fmt: skip

    @property
    def current(self) -> Path:
        return self.data / "env" / "current"

    def environments(self) -> list[str]:
        return sorted(p.name for p in (self.data / "env").iterdir() if p.is_dir() and not p.is_symlink())

    def builds(self) -> int:
        return self.log.read_text().count("venv ") if self.log.exists() else 0

    def settle(self) -> None:
        """Wait for a detached build to have switched."""
        end = time.monotonic() + 30
        while not self.current.exists():
            assert time.monotonic() < end, (self.data / "env" / "build.log").read_text()
            time.sleep(0.02)


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    root, path = tmp_path / "a plugin", tmp_path / "programs"
    for folder in (root / "bin", root / "onefirm" / "cli", path):
        folder.mkdir(parents=True)
    shutil.copy(PROJECT / "bin" / "onefirm", root / "bin")
    shutil.copy(PROJECT / "onefirm" / "environment.py", root / "onefirm")
    (root / "onefirm" / "__init__.py").write_text('__version__ = "1.0.0"\n')
    (root / "onefirm" / "cli" / "__init__.py").write_text(PROGRAM)
    (root / "requirements.txt").write_text("# one\n")
    for tool in TOOLS:
        (path / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    (path / "python3").symlink_to(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
    program(path / "uv", UV)
    return Plugin(root, tmp_path / "plugin data", path, tmp_path / "uv.log")


def test_the_first_session_is_told_that_it_sets_up_and_the_next_one_runs(plugin: Plugin) -> None:
    first = plugin.run("hook", "start", "--session", "S-1")
    assert first.returncode == 75
    assert '"text": "onefirm is setting up' in first.stdout
    plugin.settle()
    assert plugin.run("hook", "start").stdout.startswith("ran hook start")


def test_a_close_before_there_is_an_environment_says_nothing(plugin: Plugin) -> None:
    close = plugin.run("hook", "close", "--session", "S-1")
    assert (close.returncode, close.stdout, close.stderr) == (75, "", "")
    assert plugin.builds() == 0


def test_any_other_command_waits_and_tells_each_step(plugin: Plugin) -> None:
    done = plugin.run("brief", "--json")
    assert done.stdout.startswith("ran brief --json\n")
    assert [line for line in done.stderr.splitlines() if not line.startswith("onefirm: ")] == []
    assert "fetching the locked packages (uv)" in done.stderr
    assert done.stderr.splitlines()[-1] == "onefirm: ready."


def test_two_commands_at_once_build_one_environment(plugin: Plugin) -> None:
    both = [
        subprocess.Popen(
            [plugin.root / "bin" / "onefirm", "brief"], env=plugin.env(), stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    assert all(one.communicate(timeout=60)[0].startswith("ran brief") for one in both)
    assert plugin.builds() == 1


def test_a_new_lock_makes_a_new_environment_and_keeps_one_before_it(plugin: Plugin) -> None:
    names: list[str] = []
    for lock in ("# one\n", "# two\n", "# three\n"):
        (plugin.root / "requirements.txt").write_text(lock)
        assert plugin.run("brief").stdout.startswith("ran brief")
        names.append(plugin.current.resolve().name)
    assert len(set(names)) == 3
    assert plugin.environments() == sorted(names[1:])


def test_an_environment_whose_python_is_gone_is_made_anew(plugin: Plugin) -> None:
    plugin.run("brief")
    (plugin.current / "bin" / "python").unlink()
    assert plugin.run("brief").stdout.startswith("ran brief")
    assert plugin.builds() == 2


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("error: dns error: failed to lookup address", "the package index can't be reached"),
        ("OSError: No space left on device", "The disk is full"),
        ("error: hash mismatch", "No matching distribution found for nothing-of-this-name==1"),
    ],
)
def test_a_build_that_fails_says_why_and_what_to_do(plugin: Plugin, said: str, sentence: str) -> None:
    (plugin.root / "requirements.txt").write_text(IMPOSSIBLE)
    failed = plugin.run("brief", UV_SAYS=said, PIP_NO_INDEX="1")
    assert failed.returncode == 1
    assert sentence in failed.stderr
    assert "build.log" in failed.stderr
    assert plugin.environments() == []
    told = plugin.run("hook", "start", UV_SAYS=said, PIP_NO_INDEX="1")
    assert "The last try failed" in told.stdout
    assert sentence in told.stdout


def test_without_a_python_that_is_new_enough_there_is_a_sentence(plugin: Plugin) -> None:
    (plugin.path / "python3").unlink()
    program(plugin.path / "python3", "#!/bin/sh\nexit 1\n")
    (plugin.path / "uv").unlink()
    refused = plugin.run("brief")
    assert refused.returncode == 1
    assert "needs Python 3.11 or newer" in refused.stderr
    start = plugin.run("hook", "start")
    assert (start.returncode, start.stdout.startswith('{"text": "onefirm needs Python 3.11')) == (75, True)


def test_the_callers_python_path_and_folder_are_not_ours(plugin: Plugin, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    (evil / "onefirm" / "cli").mkdir(parents=True)
    (evil / "onefirm" / "__init__.py").write_text("")
    (evil / "onefirm" / "cli" / "__init__.py").write_text("def main(): print('evil')\n")
    done = subprocess.run(
        [plugin.root / "bin" / "onefirm", "brief"],
        cwd=evil,
        env={**plugin.env(), "PYTHONPATH": str(evil)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("ran brief")


def test_a_named_interpreter_goes_before_everything(plugin: Plugin) -> None:
    done = plugin.run("brief", ONEFIRM_PYTHON=sys.executable)
    assert done.stdout.startswith("ran brief")
    assert plugin.builds() == 0


def test_a_link_to_the_launcher_finds_its_plugin(plugin: Plugin, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(plugin.root / "bin" / "onefirm")
    done = subprocess.run(
        [tmp_path / "linked", "brief"],
        env=plugin.env(ONEFIRM_PYTHON=sys.executable),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("ran brief")


def test_a_command_outside_of_the_client_uses_what_the_plugin_made(plugin: Plugin) -> None:
    home = plugin.data.parent
    data = home / ".claude" / "plugins" / "data" / "onefirm-inline"
    plugin.run("brief", CLAUDE_PLUGIN_DATA=str(data))
    assert plugin.builds() == 1
    bare = {name: value for name, value in plugin.env().items() if name != "CLAUDE_PLUGIN_DATA"}
    done = subprocess.run(
        [plugin.root / "bin" / "onefirm", "brief"], env=bare, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("ran brief")
    assert plugin.builds() == 1
    assert not os.path.exists(plugin.root / ".data")


def test_what_a_killed_build_left_is_made_anew(plugin: Plugin) -> None:
    plugin.run("brief")
    half = plugin.current.resolve()
    (half / "requirements.txt").unlink()  # it is written last
    plugin.current.unlink()
    assert plugin.run("brief").stdout.startswith("ran brief")
    assert (half / "requirements.txt").exists()
    assert plugin.builds() == 2
