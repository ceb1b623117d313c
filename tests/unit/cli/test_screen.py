"""What reaches the terminal."""

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date

import pytest

from onefirm.cli import screen


@dataclass(frozen=True)
class Thing:
    name: str
    on: date
    inside: tuple["Thing", ...] = ()


def test_characters_that_steer_a_terminal_never_reach_it(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "Ada\x1b[2J\x07\r\x9b31m\u202egnp"
    screen.show(evil)
    screen.say(evil)
    screen.table(("ref", "title"), [("T-1", evil)])
    screen.title(evil)
    shown = "".join(capsys.readouterr())
    assert not set("\x1b\x07\r\x9b\u202e") & set(shown)
    assert shown.count("Ada") == 4


def test_markup_in_a_title_is_only_text(capsys: pytest.CaptureFixture[str]) -> None:
    screen.table(("title",), [("[bold]Ada[/bold] :smile:",)])
    assert "[bold]Ada[/bold] :smile:" in capsys.readouterr().out


def test_into_a_pipe_nothing_is_cut_or_coloured(capsys: pytest.CaptureFixture[str]) -> None:
    long = "word " * 100
    screen.table(("ref", "title"), [("T-1", long)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1] == f"T-1  {long.strip()}"


def test_json_keeps_every_character_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    screen.data({"title": "Ada\x1b\x9b ü"})
    out = capsys.readouterr().out
    assert not set("\x1b\x9b") & set(out)
    assert json.loads(out) == {"title": "Ada\x1b\x9b ü"}


def test_values_of_ours_become_what_json_knows() -> None:
    thing = Thing("a", date(2026, 11, 21), (Thing("b", date(2026, 11, 22)),))
    assert screen.plain({1: thing}) == {
        "1": {"name": "a", "on": "2026-11-21", "inside": [{"name": "b", "on": "2026-11-22", "inside": []}]}
    }


def test_what_is_said_last_comes_last_where_data_and_talk_go_into_one_pipe() -> None:
    said = "from onefirm.cli import screen; screen.show('a fault'); screen.say('1 to mend.'); screen.show('more')"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    one = subprocess.run(
        [sys.executable, "-c", said], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, env=env
    )
    assert one.stdout == b"a fault\n1 to mend.\nmore\n"


def test_talk_is_said_also_when_whoever_read_the_data_has_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Left(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Left())
    screen.say("1 to mend.")
    assert capsys.readouterr().err == "1 to mend.\n"
