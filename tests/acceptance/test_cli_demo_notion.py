"""`onefirm demo --notion`: a working day with the records in a simulated Notion, and what is left of it."""

import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from support.terminal import LAUNCHER, Terminal, environment


@contextmanager
def served(command: str) -> Iterator[list[str]]:
    """What a kept Notion says when it was started with the command that the demo told."""
    words = shlex.split(command)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout
        said = [process.stdout.readline() for _ in range(8)]
        yield said
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@pytest.mark.slow
@pytest.mark.row("OPS-01")
@pytest.mark.row("STA-04")
@pytest.mark.row("STA-07")
def test_a_day_in_notion_is_lived_and_goes_on_afterwards(tmp_path: Path) -> None:
    root = tmp_path / "my firm"
    lived = subprocess.run(
        [LAUNCHER, "demo", "--notion", "--keep", root],
        env=environment(), capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert lived.returncode == 0, lived.stdout[-3000:] + lived.stderr[-2000:]
    assert "✗" not in lived.stdout
    assert lived.stdout.count("✓") >= 30
    told = [line.strip() for line in lived.stdout.splitlines()]
    (serve,) = (line for line in told if " demo --serve " in line)
    with served(serve) as said:
        curl = shlex.split("".join(said)[:-1].partition("curl")[2].replace("\\\n", " "))
        key, body, address = curl[2], curl[4], curl[5]
        name, _, value = key.partition(": ")
        httpx.post(address, headers={name: value}, content=body).raise_for_status()
        firm = Terminal(root)
        assert "T-50 Write the price page: due" in firm.done("brief").out
        firm.done("record", "update", "T-50", "status=doing")
        assert firm("doctor").code == 0
    with served(serve):
        again = firm.data("record", "get", "T-50")
        assert (again["props"]["due"], again["props"]["status"]) == ("2027-01-15", "doing")
    assert subprocess.run(["git", "status", "-s"], cwd=root, capture_output=True, check=True).stdout == b""
    refused = firm("demo", "--notion", "--keep", str(root))
    assert (refused.code, "is not empty; nothing was changed" in refused.err) == (1, True)
    assert firm.done("ledger", "verify", "--anchor", "git").code == 0


@pytest.mark.row("OPS-01")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--notion", "--week"), 2, "name one of them"),
        (("--keep", "there", "here"), 2, "“--keep” is the same as DIR"),
        (("--serve",), 2, "onefirm demo --serve DIR"),
        (("--serve", "nowhere"), 1, "onefirm demo --notion --keep DIR"),
    ],
)
def test_what_can_not_be_lived_says_what_can(tmp_path: Path, words: tuple[str, ...], code: int, said: str) -> None:
    refused = Terminal(tmp_path)("demo", *words)
    assert refused.code == code
    assert said in refused.err
    assert not list(tmp_path.iterdir())
