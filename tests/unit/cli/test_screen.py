"""What reaches the terminal."""

import json
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
