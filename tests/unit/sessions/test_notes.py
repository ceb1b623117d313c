"""The small parts: roots, the hatch, marks, time and JSON without their libraries."""

import json
import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefirm.sessions import clock, db, hatch, jsons, marks
from onefirm.sessions import root as roots

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_the_nearest_folder_with_a_onefirm_yaml_is_the_workspace(root: str) -> None:
    deep = Path(root) / "a" / "b"
    deep.mkdir(parents=True)
    assert roots.find(str(deep)) == root
    assert roots.find_live(str(deep)) == root
    assert roots.find("/") is None


def test_a_onefirm_yaml_without_its_folder_does_not_hide_the_workspace_around_it(root: str) -> None:
    inner = Path(root) / "inner"
    inner.mkdir()
    (inner / "onefirm.yaml").touch()
    assert roots.find(str(inner)) == str(inner)
    assert roots.find_live(str(inner)) == root


def test_the_hatch_is_open_until_its_time_and_not_after(root: str) -> None:
    hatch.open(root, 1000.0, "moving house", "operator")
    with db.reading(root) as conn:
        assert hatch.active(conn, 999.0)["why"] == "moving house"
        assert hatch.active(conn, 1000.0) is None
    assert hatch.close(root)
    assert not hatch.close(root)


def test_a_hook_leaves_a_mark_that_can_be_read(root: str) -> None:
    marks.leave(root, "guard", 'denied: "receipt"', 12.34, "0.1.0")
    marks.leave(root, "guard", "passed", 2.0, "0.1.0")
    (mark,) = marks.all(root)
    assert (mark["hook"], mark["outcome"], mark["ms"], mark["version"]) == ("guard", "passed", 2.0, "0.1.0")
    assert stat.S_IMODE(os.stat(root + "/.onefirm/marks/guard.json").st_mode) == 0o600
    assert os.listdir(root + "/.onefirm/marks") == ["guard.json"]


def test_a_torn_mark_is_left_out(root: str) -> None:
    marks.leave(root, "stop", "stands", 1.0, "0.1.0")
    Path(root, ".onefirm/marks/guard.json").write_text('{"hook": "gu')
    assert [mark["hook"] for mark in marks.all(root)] == ["stop"]


def test_a_mark_that_can_not_be_written_is_no_failure(tmp_path: Path) -> None:
    marks.leave(str(tmp_path / "nowhere"), "stop", "stands", 1.0, "0.1.0")
    assert marks.all(str(tmp_path / "nowhere")) == []


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_instants_read_back_as_they_were_written(moment: datetime) -> None:
    seconds = moment.replace(tzinfo=UTC).timestamp()
    assert clock.iso(seconds) == moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert abs(clock.epoch(clock.iso(seconds)) - seconds) < 1e-5


@pytest.mark.parametrize(
    ("seconds", "words"), [(30, "less than a minute"), (60, "1 minute"), (7200, "2 hours"), (200_000, "2 days")]
)
def test_an_age_is_told_in_the_largest_whole_unit(seconds: int, words: str) -> None:
    assert clock.age(0, seconds) == words


@given(values)
def test_json_is_read_and_written_as_the_library_does(value: object) -> None:
    assert jsons.loads(json.dumps(value)) == value
    assert json.loads(jsons.dumps(value)) == value


@pytest.mark.parametrize("text", ["", "{", "{} x", "nul", '{"a" 1}', "[1,", "\x00"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|delimiter|Expecting"):
        jsons.loads(text)


def test_another_interpreter_without_the_c_scanner_gets_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_json", None)
    assert jsons.loads('{"a": [1, null]}') == {"a": [1, None]}
    assert jsons.quoted("ü") == '"\\u00fc"'
