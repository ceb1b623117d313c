"""The loop, beat by beat: what goes wrong in one is told, counted and tried again, and never ends the service."""

from pathlib import Path

import pytest

from onefirm.bootstrap import Firm
from onefirm.service.beats import Beat
from onefirm.service.run import Service
from onefirm.workspace import Wishes, init


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return init(tmp_path_factory.mktemp("firm"), Wishes()).root


class Heard:
    """A service, what it says, and the bugs that it reports."""

    def __init__(self, root: Path) -> None:
        self.lines, self.bugs = list[str](), list[Exception]()
        self.service = Service(root, self.lines.append, self._reported)

    def _reported(self, error: Exception) -> str:
        self.bugs.append(error)
        return "bug.md"


def test_a_bug_in_a_beat_is_told_each_time_reported_once_and_quotes_nothing(root: Path) -> None:
    def fail(_: Firm) -> str:
        raise KeyError("Jana owes 500 EUR")

    heard, beat = Heard(root), Beat("pull", 120.0, fail)
    heard.service._strike(beat)
    heard.service._strike(beat)
    assert beat.fails == 2
    assert [line.split(", again")[0] for line in heard.lines] == [
        "pull: failed (1 in a row)", "pull: failed (2 in a row)",
    ]  # fmt: skip
    assert "KeyError at test_run.py" in heard.lines[0]
    assert "Jana" not in "".join(heard.lines)
    assert len(heard.bugs) == 1


def test_settings_that_can_not_be_read_are_told_until_they_are_mended(root: Path) -> None:
    heard, beat = Heard(root), Beat("pull", 120.0, lambda firm: f"{firm.settings.service.pull_every_minutes:g}")
    settings = root / "onefirm.yaml"
    text = settings.read_text()
    settings.write_text(f"{text}\nservice: {{pull_every_minutes: often}}\n")
    heard.service._strike(beat)
    assert "onefirm.yaml has 1 mistake" in heard.lines[-1]
    settings.write_text(f"{text}\nservice: {{pull_every_minutes: 7}}\n")
    heard.service._strike(beat)
    assert heard.lines[-1] == "pull: 7"
    heard.service._drop()
    settings.write_text(text)


def test_notes_of_its_own_that_can_not_be_written_are_told_and_end_nothing(root: Path) -> None:
    heard, notes = Heard(root), root / ".onefirm" / "service.json"
    notes.unlink(missing_ok=True)
    notes.mkdir()
    heard.service._keep()
    notes.rmdir()
    assert "could not be written: Is a directory" in heard.lines[-1]
