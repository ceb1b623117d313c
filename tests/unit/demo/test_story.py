"""The demo firm's story, its clock and its telling."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from onefirm.core.errors import InvalidInput
from onefirm.demo import story
from onefirm.demo.clock import StoryClock
from onefirm.demo.telling import NotSo, Teller

DAY = date(2026, 11, 21)


def write(folder: Path, records: str, history: str = "[]\n") -> Path:
    (folder / "records.yaml").write_text(records)
    (folder / "history.yaml").write_text(history)
    return folder


def test_what_happens_is_told_in_the_order_of_time(tmp_path: Path) -> None:
    write(
        tmp_path,
        'client:\n- {id: b, created: "-2d 09:00", title: B}\n- {id: c, created: "-1d 09:00", title: C}\n',
        '- {at: "-2d 08:00", actor: claude, do: archive, id: a}\n',
    )
    told = story.read(DAY, "Europe/Berlin", tmp_path)
    assert [(one.do, one.id, one.actor) for one in told] == [
        ("archive", "a", "claude"), ("create", "b", "operator"), ("create", "c", "operator")
    ]  # fmt: skip
    assert told[1].at.astimezone(UTC) == datetime(2026, 11, 19, 8, 0, tzinfo=UTC)


def test_a_moment_that_is_none_is_named(tmp_path: Path) -> None:
    write(tmp_path, "client:\n- {id: a, created: last week, title: A}\n")
    with pytest.raises(InvalidInput, match="last week"):
        story.read(DAY, "UTC", tmp_path)


def test_days_and_names_are_resolved_in_lists_too() -> None:
    refs = {"acme": "CL-1"}
    value = ["-1d", "about {acme}", 3, None, "{}", "+2d later"]
    assert story.resolved(value, refs.__getitem__, DAY) == ["2026-11-20", "about CL-1", 3, None, "{}", "+2d later"]


def test_a_name_that_nothing_has_is_an_error_and_no_text() -> None:
    with pytest.raises(KeyError):
        story.with_refs("about {nobody}", {}.__getitem__)


def test_the_storys_clock_never_goes_back() -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    clock = StoryClock(noon)
    clock.move_to(noon + timedelta(hours=1))
    clock.move_to(noon)
    assert clock.now() == noon + timedelta(hours=1)


def test_a_line_that_is_not_true_is_never_told() -> None:
    lines: list[str] = []
    teller = Teller(lines.append)
    with teller.step("Outside"):
        teller.so(True, "the sky is there")
    with pytest.raises(NotSo, match="the sky is green"), teller.step("Outside"):
        teller.so(False, "the sky is green", "blue")
    told = "\n".join(line for line in lines if "✓" in line)
    assert "the sky is there" in told
    assert "green" not in told
    assert "✗" in lines[-1]
    assert "blue" in lines[-1]
