"""The kinds of records: what is shipped, how files are read, what is applied."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from contract.office import OPERATOR, SCHEMA, Office
from onefirm.core import canonical
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.state import schema as schemas
from onefirm.state.kind_files import SHIPPED, read_folder
from onefirm.state.schema import Schema

FINGERPRINTS = {
    1: "f900a7fb784aaa844d1ba9ba2eafe2e1f02133b0b0898223bd9a23c79475450e",
    2: "5491e35a476fca6d128c10d501dc9c00a275d243b559798a618d49af97b5e41d",
}
"""What each version of the shipped kinds is. A change needs a new version: rows that exist were made under the old."""

HEAD = "version: 1\nchanges: {1: The first.}\n"
KIND = """\
kind: widget
version: 1
prefix: W
plural: Widgets
description: A thing.
statuses:
  new: {group: open, moves: [old]}
  old: {group: done, moves: []}
properties:
  title: {type: text, required: true}
  status: {type: status}
"""


def folder(tmp_path: Path, head: str = HEAD, **kinds: str) -> Path:
    (tmp_path / "_schema.yaml").write_text(head)
    for name, text in kinds.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


class TestShipped:
    def test_the_eleven_kinds_are_there_with_their_prefixes(self) -> None:
        assert {kind.name: kind.prefix for kind in SCHEMA.kinds.values()} == {
            "client": "CL", "contact": "CN", "prospect": "PR", "proposal": "PP", "contract": "CT", "project": "P",
            "deliverable": "DL", "task": "T", "invoice": "INV", "payment": "PAY", "content": "CP",
        }  # fmt: skip

    def test_a_change_to_a_kind_raises_the_version(self) -> None:
        digest = canonical.sha256_hex(canonical.dumps(SCHEMA.to_dict()))
        assert FINGERPRINTS.get(SCHEMA.version) == digest, "raise `version` in _schema.yaml and say what changed"

    def test_every_status_but_final_ones_can_be_left_and_reached(self) -> None:
        for kind in SCHEMA.kinds.values():
            reached = {kind.initial} | {move for status in kind.statuses.values() for move in status.moves}
            assert reached == set(kind.statuses), kind.name

    def test_a_property_of_one_name_has_one_type_everywhere(self) -> None:
        types: dict[str, set[str]] = {}
        for kind in SCHEMA.kinds.values():
            for prop in kind.properties.values():
                types.setdefault(prop.name, set()).add(prop.type)
        assert {name: found for name, found in types.items() if len(found) > 1} == {}

    def test_as_plain_data_and_back_it_is_the_same_also_when_a_database_sorted_the_keys(self) -> None:
        data = SCHEMA.to_dict()
        assert Schema.from_dict(data) == SCHEMA
        again = Schema.from_dict(json.loads(json.dumps(data, sort_keys=True)))
        assert again == SCHEMA
        assert again.kinds["project"].initial == "discovery"
        assert list(again.kinds["task"].properties) == list(SCHEMA.kinds["task"].properties)

    def test_words_are_found_in_any_spelling(self) -> None:
        project = SCHEMA.kind("Projects")
        assert project.property_named("Due Date").name == "due"
        assert project.property_named("next-action").name == "next_action"
        assert project.status_named("On hold").name == "on_hold"
        assert SCHEMA.kind_of("INV-3").name == "invoice"

    def test_unknown_words_are_told_with_the_closest_known_ones_first(self) -> None:
        with pytest.raises(InvalidInput, match="closest first: due,"):
            SCHEMA.kind("task").property_named("dew")
        with pytest.raises(InvalidInput, match="closest first: prospect"):
            SCHEMA.kind("prospekt")


class TestFiles:
    def test_a_folder_of_files_is_a_schema(self, tmp_path: Path) -> None:
        schema = read_folder(folder(tmp_path, widget=KIND))
        assert schema.version == 1
        assert schema.kinds["widget"].initial == "new"

    def test_all_mistakes_of_all_files_are_told_at_once_with_their_lines(self, tmp_path: Path) -> None:
        bad = KIND.replace("prefix: W", "prefix: widget").replace("group: open", "group: odd") + "colour: red\n"
        other = KIND.replace("kind: widget", "kind: other").replace("type: text", "type: words")
        with pytest.raises(InvalidInput) as refused:
            read_folder(folder(tmp_path, bad=bad, other=other))
        for place in ("bad.yaml:3: prefix", "bad.yaml:7: statuses.new.group", "bad.yaml:12: colour", "other.yaml:10: "):
            assert place in refused.value.message

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (("moves: [old]", "moves: [gone]"), "widget.yaml:7: “new” can't move to “gone”"),
            (("moves: [old]", "moves: [new]"), "“new” can't move to “new”"),
            (("  title: {type: text, required: true}\n", ""), "the property “title” is missing"),
            (("{type: status}", "{type: status}\n  of: {type: relation}"), "widget.yaml:12: of: a relation needs `to`"),
            (("{type: status}", "{type: status}\n  of: {type: relation, to: gadget}"), "there is no kind “gadget”"),
            (("{type: status}", "{type: status}\n  size: {type: choice}"), "a choice needs `options`"),
            (
                ("{type: status}", "{type: status}\n  size: {type: choice, options: [a], default: b}"),
                "the default “b” is none of its options",
            ),
            (("{type: status}", "{type: status}\n  many: {type: text, many: true}"), "only a relation can be `many`"),
            (
                ("{type: status}", "{type: status}\n  of: {type: text, min: 0}"),
                "only money and numbers can have a `min`",
            ),
            (("{type: status}", "{type: status}\n  on: {type: date, not_before: title}"), "on: `not_before` stands at"),
            (("{type: status}", "{type: status}\n  of: {type: text, same: [of]}"), "to one record can have `same`"),
            (
                ("{type: status}", "{type: status}\n  of: {type: relation, to: widget, same: [client]}"),
                "widget.yaml:12: of: a widget has no relation “client” that could be the same",
            ),
            (("plural: Widgets", "plural: Widgets\ndeadline: title"), "“title” is no date of this kind"),
            (("description: A thing.", "description: A thing.\ndescription: Twice."), "stands twice"),
            (("description: A thing.", "description: &a A thing.\nplural: *a"), "alias"),
        ],
    )
    def test_a_kind_that_contradicts_itself(self, tmp_path: Path, change: tuple[str, str], said: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            read_folder(folder(tmp_path, widget=KIND.replace(*change)))
        assert said in refused.value.message

    def test_two_kinds_with_one_prefix(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"prefix “W” is taken by a\.yaml"):
            read_folder(folder(tmp_path, a=KIND, b=KIND.replace("kind: widget", "kind: gadget")))

    def test_a_version_says_what_changed(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="nothing is said about version 2"):
            read_folder(folder(tmp_path, HEAD.replace("version: 1", "version: 2"), widget=KIND))

    def test_a_folder_without_a_head(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match=r"_schema\.yaml"):
            read_folder(tmp_path)

    def test_the_shipped_files_are_read_from_the_package(self) -> None:
        assert len(list(SHIPPED.glob("*.yaml"))) == 12


class TestApplying:
    def test_what_was_applied_is_what_holds(self, office: Office) -> None:
        with office.store.read() as conn:
            assert schemas.current(conn) == SCHEMA

    def test_applying_again_changes_nothing(self, office: Office) -> None:
        with office.store.write() as conn:
            schemas.apply(conn, SCHEMA, office.ledger, OPERATOR, office.clock.now())
        assert len(office.events("schema.applied")) == 1

    def test_a_newer_version_holds_from_then_on_and_an_older_one_is_refused(self, office: Office) -> None:
        newer = Schema(SCHEMA.version + 1, {"task": SCHEMA.kinds["task"]})
        with office.store.write() as conn:
            schemas.apply(conn, newer, office.ledger, OPERATOR, office.clock.now())
            assert schemas.current(conn) == newer
            with pytest.raises(Refused, match="Update onefirm"):
                schemas.apply(conn, SCHEMA, office.ledger, OPERATOR, office.clock.now())

    def test_what_earlier_versions_had_is_remembered(self, office: Office) -> None:
        task, project = SCHEMA.kinds["task"], SCHEMA.kinds["project"]
        less = {name: prop for name, prop in task.properties.items() if name != "waiting_on"}
        few = {name: status for name, status in task.statuses.items() if name != "waiting"}
        fewer = replace(task, properties={**less, "priority": replace(less["priority"], options=("x",))}, statuses=few)
        with office.store.write() as conn:
            newer = Schema(SCHEMA.version + 1, {"task": fewer})
            schemas.apply(conn, newer, office.ledger, OPERATOR, office.clock.now())
            told = schemas.remembered(conn)
        assert told.kinds["project"] == project
        assert set(told.kinds["task"].properties) == set(task.properties)
        assert told.kinds["task"].properties["priority"].options == ("x", *task.properties["priority"].options)
        assert (told.version, told.kinds["task"].initial) == (newer.version, fewer.initial)
        assert set(told.kinds["task"].statuses) == set(task.statuses)

    def test_another_schema_under_the_same_version_is_refused(self, office: Office) -> None:
        other = Schema(SCHEMA.version, {"task": SCHEMA.kinds["task"]})
        with office.store.write() as conn, pytest.raises(Refused, match="differs from it"):
            schemas.apply(conn, other, office.ledger, OPERATOR, office.clock.now())
