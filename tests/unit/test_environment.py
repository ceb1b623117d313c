"""The launcher and the environment that it makes, in a plugin folder with a program of three lines and a fake uv."""

import errno
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from onefirm import environment
from onefirm.environment import BuildFailed
from support.unmeasured import not_measured

PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = """\
import json, os, sys
def main():
    if sys.argv[1:] == ["mcp"]:
        for message in map(json.loads, sys.stdin):
            if "id" in message:
                result = {"instructions": "", "tools": [{"name": "real"}]}
                print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
        return
    print("ran", *sys.argv[1:])
    print("python", sys.prefix if not os.environ.get("SHOW") else sys.path)
"""
UV = """\
#!/bin/sh
# Stands in for uv: `venv … DIR` makes a folder whose python is the test's, which needs no second to try each package;
# `pip install` does as it is told.
echo "$*" >>"$UV_LOG"
case $1 in
  venv) for last; do :; done
    mkdir -p "$last/bin"
    printf '#!/bin/sh\\n[ "$2" = -c ] || exec "%s" "$@"\\n' "$TEST_PYTHON" >"$last/bin/python"
    chmod +x "$last/bin/python" ;;
  pip) tries=0; until [ -e "${GATE:-/}" ] || [ $((tries += 1)) -gt 600 ]; do sleep 0.05; done
    [ -z "${UV_SAYS:-}" ] || { echo "$UV_SAYS" >&2; exit 1; } ;;
esac
"""
IMPOSSIBLE = f"nothing-of-this-name==1 --hash=sha256:{'0' * 64}\n"
TOOLS = ("sh", "cat", "sed", "tr", "cmp", "readlink", "mkdir", "chmod", "printf", "sleep")


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


def spoken(done: subprocess.CompletedProcess[str]) -> str:
    """What it said on stderr, without the line breaks of a terminal."""
    return " ".join(done.stderr.split())


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    root, path = tmp_path / "a plugin", tmp_path / "programs"
    for folder in (root / "bin", root / "onefirm" / "cli", path):
        folder.mkdir(parents=True)
    shutil.copy(PROJECT / "bin" / "onefirm", root / "bin")
    for module in ("environment.py", "stand_in.py"):
        shutil.copy(PROJECT / "onefirm" / module, root / "onefirm")
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
        ("error: something new", "No matching distribution found for nothing-of-this-name==1"),
    ],
)
def test_a_build_that_fails_says_why_and_what_to_do(plugin: Plugin, said: str, sentence: str) -> None:
    """What uv says, and then pip, which looks into an empty folder and never into the network."""
    (plugin.root / "requirements.txt").write_text(IMPOSSIBLE)
    offline = {"UV_SAYS": said, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(plugin.path)}
    failed = plugin.run("brief", **offline)
    assert failed.returncode == 1
    assert spoken(failed).count(sentence) == 1
    assert "build.log" in spoken(failed)
    assert "Traceback" not in failed.stderr
    assert plugin.environments() == []
    told = plugin.run("hook", "start", **offline)
    assert "The last try failed" in json.loads(told.stdout)["text"]
    assert sentence in told.stdout


@pytest.mark.parametrize("words", [("brief",), ("hook", "start")])
def test_a_data_folder_of_another_is_named_with_what_to_do(plugin: Plugin, words: tuple[str, ...]) -> None:
    plugin.data.mkdir()
    plugin.data.chmod(0o500)
    done = subprocess.run(
        [*bound_by_modes(), plugin.root / "bin" / "onefirm", *words],
        env=plugin.env(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    said = json.loads(done.stdout)["text"] if words == ("hook", "start") else spoken(done)
    assert done.returncode == (75 if words == ("hook", "start") else 1)
    assert f"can't be made in {plugin.data / 'env'}: it is not yours to write. Make that folder yours" in said
    assert "Traceback" not in done.stderr


def bound_by_modes() -> list[str]:
    """What to put before a command that a file's mode is to hold, even run by root."""
    if os.geteuid():
        return []
    return [shutil.which("setpriv") or not_measured("an unwritable folder: no setpriv for root"), "--bounding-set=-all"]


def test_a_data_folder_that_is_a_file_is_told_in_a_sentence(plugin: Plugin) -> None:
    plugin.data.write_text("")
    failed = plugin.run("brief")
    assert failed.returncode == 1
    assert spoken(failed).startswith("onefirm: setting up (once for each version; about a minute)… onefirm: The env")
    assert str(plugin.data / "env") in spoken(failed)
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("failed", "sentence"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "The disk is full"),
        (BuildFailed("OSError: No space left on device"), "The disk is full"),
        (BuildFailed("error: Hash mismatch for `a==1`\nmore"), "not the one that onefirm's lock names"),
        (BuildFailed("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"), "not the one that onefirm's lock names"),
        (BuildFailed("failed to write: Permission denied (os error 13)"), "it is not yours to write"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "it is not yours to write"),
        (
            BuildFailed("error sending request\ninvalid peer certificate: Unknown"),
            "name the proxy's certificates",
        ),
        (BuildFailed("a Traceback\nValueError: odd"), "could not be made: ValueError: odd"),
    ],
)
def test_the_words_of_a_failure_become_a_sentence(tmp_path: Path, failed: BuildFailed | OSError, sentence: str) -> None:
    told = environment.told(failed, environment.Place(tmp_path, tmp_path))
    assert sentence in told
    assert told.endswith("the next start tries again.")


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


def test_a_named_interpreter_without_the_packages_is_told_by_name(plugin: Plugin) -> None:
    bare = str(plugin.path / "python3")
    refused = plugin.run("brief", ONEFIRM_PYTHON=bare)
    assert refused.returncode == 1
    assert "which lacks " in refused.stderr
    assert "mcp" in refused.stderr
    assert "Unset it" in refused.stderr
    assert "Traceback" not in refused.stderr
    start = plugin.run("hook", "start", ONEFIRM_PYTHON=bare)
    assert (start.returncode, "which lacks " in json.loads(start.stdout)["text"]) == (75, True)


def test_a_named_interpreter_that_is_gone_is_told_by_name(plugin: Plugin) -> None:
    refused = plugin.run("brief", ONEFIRM_PYTHON="/nowhere/python")
    assert refused.returncode == 1
    assert "ONEFIRM_PYTHON names /nowhere/python, which can't be run" in spoken(refused)


def test_a_clones_own_environment_serves_the_client_too(plugin: Plugin) -> None:
    own = plugin.root / ".data"
    plugin.run("brief", CLAUDE_PLUGIN_DATA=str(own))
    assert plugin.run("hook", "start").stdout.startswith("ran hook start")
    assert plugin.builds() == 1
    (plugin.root / "requirements.txt").write_text("# another\n")
    assert plugin.run("brief").stdout.startswith("ran brief")
    assert plugin.builds() == 2


def test_a_clones_venv_serves_if_it_has_the_packages(plugin: Plugin) -> None:
    python = plugin.root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    program(python, f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (plugin.root / ".venv" / "lib" / "python3.11" / "site-packages" / "mcp").mkdir(parents=True)
    assert plugin.run("brief").stdout.startswith("ran brief")
    assert plugin.builds() == 0


@pytest.mark.parametrize("other", ["# one\n# two\n", "", "# two\n"])
def test_without_cmp_the_lock_is_compared_all_the_same(plugin: Plugin, other: str) -> None:
    (plugin.path / "cmp").unlink()
    assert plugin.run("brief").stdout.startswith("ran brief")
    assert plugin.run("brief").stderr == ""
    (plugin.root / "requirements.txt").write_text(other)
    assert plugin.run("brief").stdout.startswith("ran brief")
    assert plugin.builds() == 2


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


def test_a_build_that_was_killed_is_not_blamed_on_an_earlier_failure(plugin: Plugin) -> None:
    place = environment.Place(plugin.root, plugin.data)
    place.folder.mkdir(parents=True)
    (place.folder / "failed").write_text("Go online.\n")
    assert environment.why(place, 1) == "Go online."
    killed = environment.why(place, -9)
    assert "ended by signal 9" in killed
    assert "Go online" not in killed
    assert str(place.folder / "build.log") in killed


# -- the server before there is an environment -------------------------------------------------------------------------


class Client:
    """An MCP client that has been told to expect an answer to each message."""

    def __init__(self, plugin: Plugin, **env: str) -> None:
        self.server = subprocess.Popen(
            [plugin.root / "bin" / "onefirm", "mcp"],
            env=plugin.env(**env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        self.number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.communicate(timeout=30)

    def send(self, method: str, **params: Any) -> None:
        assert self.server.stdin
        message = {"jsonrpc": "2.0", "method": method, "params": params, **self._id(method)}
        self.server.stdin.write(json.dumps(message).encode() + b"\n")

    def _id(self, method: str) -> dict[str, int]:
        self.number += 1
        return {} if method.startswith("notifications/") else {"id": self.number}

    def hear(self) -> Any:
        assert self.server.stdout
        assert select.select([self.server.stdout], [], [], 30)[0], "the server says nothing"
        return json.loads(self.server.stdout.readline())

    def ask(self, method: str, **params: Any) -> Any:
        self.send(method, **params)
        heard = self.hear()
        assert heard["id"] == self.number, heard
        return heard

    def greet(self) -> Any:
        said = self.ask("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "test"})
        self.send("notifications/initialized")
        return said["result"]


def names(said: Any) -> list[str]:
    return [tool["name"] for tool in said["result"]["tools"]]


def test_the_server_answers_at_once_and_hands_over_when_the_packages_are_there(plugin: Plugin) -> None:
    gate = plugin.path / "gate"
    with Client(plugin, GATE=str(gate)) as client:
        assert client.ask("server/discover")["error"]["code"] == -32601
        assert "setting up" in client.greet()["instructions"]
        assert names(client.ask("tools/list")) == ["setup_wait"]
        client.send("tools/call", name="setup_wait", arguments={})
        waiting = client.number
        gate.touch()
        assert client.hear()["method"] == "notifications/tools/list_changed"
        assert names(client.ask("tools/list")) == ["real"]
        told = client.hear()
    assert (told["id"], told["result"]["isError"]) == (waiting, False)
    assert (client.server.returncode, plugin.builds()) == (0, 1)


def test_who_waits_for_tools_that_cant_come_is_told_why_and_may_ask_again(plugin: Plugin) -> None:
    (plugin.root / "requirements.txt").write_text(IMPOSSIBLE)
    with Client(plugin, UV_SAYS="dns error", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(plugin.path)) as client:
        client.greet()
        refused = client.ask("tools/call", name="setup_wait", arguments={})["result"]
        assert refused["isError"]
        assert "Go online" in refused["content"][0]["text"]
        (plugin.root / "requirements.txt").write_text("# one\n")
        (plugin.path / "uv").write_text(UV.replace("UV_SAYS", "NOTHING"))
        client.send("tools/call", name="setup_wait", arguments={})
        assert client.hear()["method"] == "notifications/tools/list_changed"
        assert names(client.ask("tools/list")) == ["real"]
        assert not client.hear()["result"]["isError"]


@pytest.mark.parametrize("params", [None, [], "x"])
def test_params_that_are_no_object_end_nothing(plugin: Plugin, params: object) -> None:
    with Client(plugin, GATE=str(plugin.path / "gate")) as client:
        for method in ("tools/call", "initialize"):
            assert client.server.stdin
            client.server.stdin.write(
                json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params}).encode() + b"\n"
            )
            assert client.hear()["id"] == method
        client.greet()
        (plugin.path / "gate").touch()


def test_a_server_that_doesnt_start_in_its_environment_is_told_to_who_waits(plugin: Plugin) -> None:
    (plugin.root / "onefirm" / "cli" / "__init__.py").write_text("import nothing_of_this_name\n")
    with Client(plugin) as client:
        client.greet()
        refused = client.ask("tools/call", name="setup_wait", arguments={})["result"]
    assert refused["isError"]
    assert "onefirm doctor" in refused["content"][0]["text"]
