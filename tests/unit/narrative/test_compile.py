"""guard.json: what a schema becomes, and how it is written and read."""

import os
import stat
from pathlib import Path

import pytest

from onefirm.narrative import compile, rules
from onefirm.narrative.vocabulary import Vocabulary
from support import hook

SCHEMA = {
    "version": 7,
    "kinds": {
        "project": {
            "prefix": "P",
            "label": "Project",
            "properties": {
                "due": {"type": "date", "aliases": ["deadline"]},
                "starts_on": {"type": "date", "label": "Kick-off"},
            },
            "statuses": {
                "on_hold": {"group": "paused", "moves": []},
                "done": {"group": "done", "moves": [], "aliases": ["shipped"]},
                "dropped": {"group": "dropped", "moves": []},
                "cancelled": {"group": "dropped", "moves": []},
            },
        }
    },
}


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / ".onefirm").mkdir()
    return str(tmp_path)


def test_a_schema_becomes_words() -> None:
    compiled = compile.compile_guard(SCHEMA)
    assert (compiled["version"], compiled["schema"], compiled["tool_prefix"]) == (1, 7, "mcp__plugin_onefirm_firm__")
    project = compiled["kinds"]["project"]
    assert project["properties"] == {"due": ["due", "deadline"], "starts_on": ["starts on", "kick-off"]}
    assert project["types"] == {"due": "date", "starts_on": "date"}
    assert project["statuses"]["done"] == {
        "group": "done",
        "moves": [],
        "words": ["done", "shipped", "finished", "complete", "completed"],
    }


def test_a_word_means_one_status_of_a_kind() -> None:
    statuses = compile.compile_guard(SCHEMA)["kinds"]["project"]["statuses"]
    assert "cancelled" not in statuses["dropped"]["words"]
    spoken = [word for status in statuses.values() for word in status["words"]]
    assert len(spoken) == len(set(spoken))


@pytest.mark.parametrize("kind", sorted(hook.schema()["kinds"]))
def test_every_shipped_kind_can_be_looked_up_by_all_its_words(kind: str) -> None:
    words = Vocabulary(hook.rules()).kind(kind)
    schema = hook.schema()["kinds"][kind]
    assert set(words.properties.values()) == set(schema["properties"])
    assert set(words.statuses.values()) == set(schema["statuses"]) == set(words.order)
    for status in schema["statuses"]:
        assert words.status_at(status.split("_"), 0) == (status, len(status.split("_")))


def test_the_rules_are_written_whole_for_the_owner_alone_and_read_back(root: str) -> None:
    path = compile.write_guard(root, compile.compile_guard(SCHEMA))
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert rules.load(root) == compile.compile_guard(SCHEMA)
    assert os.listdir(root + "/.onefirm") == ["guard.json"]


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", "{}", '{"version": 2}', '{"version": "1"}', '{"version":1,"kinds":[]}']
)
def test_rules_that_are_none_are_lost(root: str, content: str | None) -> None:
    if content is not None:
        Path(root, ".onefirm/guard.json").write_text(content)
    with pytest.raises(rules.RulesLost):
        rules.load(root)


def test_a_ref_tells_its_kind() -> None:
    words = Vocabulary(compile.compile_guard(SCHEMA))
    assert words.of_ref("P-1").name == "project"
    assert words.of_ref("PR-1") is None
