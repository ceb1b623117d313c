"""`onefirm context watch` as a program of its own, while other programs edit."""

import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.terminal import LAUNCHER, Terminal, environment

SITE = "context/clients/acme-rockets/launch-site/CLAUDE.md"
STAND = "context/clients/acme-rockets/test-stand"
WAIT_S = 60.0


class Watcher:
    """A running watcher, and the lines that it has written."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def until(self, words: str) -> list[str]:
        """The lines up to one that has these words."""
        seen: list[str] = []
        while not seen or words not in seen[-1]:
            try:
                seen.append(self._lines.get(timeout=WAIT_S))
            except queue.Empty:
                raise AssertionError(f"no “{words}” after {seen}") from None
        return seen


@contextmanager
def watching(onefirm: Terminal, *options: str) -> Iterator[Watcher]:
    command = [LAUNCHER, "-C", onefirm.root, "context", "watch", *options]
    process = subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )  # fmt: skip
    try:
        yield Watcher(process)
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def save_as_vim_does(file: Path, text: str) -> None:
    """The old file is renamed away, a new one is written in its place, the old one goes."""
    backup = file.with_name(f"{file.name}~")
    file.rename(backup)
    file.write_text(text, encoding="utf-8")
    backup.unlink()


def save_as_vs_code_does(file: Path, text: str) -> None:
    """A draft beside it takes its place at once."""
    draft = file.with_name(f".{file.name}.tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


@pytest.mark.row("NAR-06")
@pytest.mark.parametrize("options", [(), ("--poll",)])
def test_faults_appear_and_go_whatever_program_edits(onefirm: Terminal, options: tuple[str, ...]) -> None:
    site, stand = onefirm.root / SITE, onefirm.root / STAND
    text = site.read_text(encoding="utf-8")
    with watching(onefirm, *options) as watcher:
        watcher.until("files, 0 to mend")
        save_as_vim_does(site, f"{text}\nSee [the plan](plan.md).\n")
        assert f"new {SITE}:" in watcher.until("link: links to plan.md")[-1]
        assert watcher.until("→")
        save_as_vs_code_does(site, text)
        assert watcher.until("mended")[-1].startswith(f"mended {SITE} link: links to plan.md")
        watcher.until("The context tree is clean.")
        stand.rename(stand.with_name("stand"))
        assert any("CLAUDE.md" in line and "child:" in line for line in watcher.until("2 to mend."))
        subprocess.run(["git", "-C", onefirm.root, "checkout", "-q", "--", "context"], check=True)
        shutil.rmtree(stand.with_name("stand"))
        watcher.until("The context tree is clean.")
        site.write_text(f"{text}\nThe project is in review.\n", encoding="utf-8")
        watcher.until("the truth says delivery")
        onefirm.done("record", "update", "P-1", "status=review")
        (onefirm.root / "README.md").write_text("# Not of the tree, and a reason to look\n")
        watcher.until("mended")
        watcher.process.send_signal(signal.SIGTERM)
        watcher.until("Stopped.")
        assert watcher.process.wait(WAIT_S) == 0


@pytest.mark.row("NAR-06")
def test_a_burst_is_told_once_and_ctrl_c_ends_it_cleanly(onefirm: Terminal) -> None:
    folder = onefirm.root / "context/knowledge"
    with watching(onefirm) as watcher:
        watcher.until("0 to mend")
        for number in range(40):
            (folder / f"note-{number}.md").write_text(f"# Note {number}\n\nParent: [Knowledge](CLAUDE.md)\n")
        told = watcher.until("40 to mend.")
        assert sum("orphan: no file names it" in line for line in told) == 40
        os.kill(watcher.process.pid, signal.SIGINT)
        watcher.until("Stopped.")
        assert watcher.process.wait(WAIT_S) == 0
