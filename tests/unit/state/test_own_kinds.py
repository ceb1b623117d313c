"""The operator's files: how they lie over the shipped kinds, and how all mistakes are told at once."""

import re
import textwrap
from pathlib import Path

import pytest

from onefirm.core.errors import InvalidInput
from onefirm.state import kind_text, own_kinds
from onefirm.state import schema as schemas
from support.own_schema import ASSET

SHIPPED = schemas.shipped()


def laid(root: Path, **files: str) -> Path:
    (root / "schema").mkdir(exist_ok=True)
    for kind, text in files.items():
        (root / "schema" / f"{kind}.yaml").write_text(textwrap.dedent(text))
    return root


def mistakes(root: Path) -> list[str]:
    with pytest.raises(InvalidInput) as told:
        own_kinds.read(root)
    return told.value.message.splitlines()[1:]


def test_without_files_the_kinds_are_the_shipped_ones(tmp_path: Path) -> None:
    found = own_kinds.read(tmp_path)
    assert dict(found.kinds) == dict(SHIPPED.kinds)
    assert not found.was


def test_a_file_of_a_new_name_is_a_new_kind(tmp_path: Path) -> None:
    asset = own_kinds.read(laid(tmp_path, asset=ASSET)).kinds["asset"]
    assert (asset.prefix, asset.initial, list(asset.properties)) == (
        "AS", "stored", ["title", "status", "serial", "condition", "client"],
    )  # fmt: skip


def test_a_file_of_a_shipped_name_says_only_what_differs(tmp_path: Path) -> None:
    project = own_kinds.read(
        laid(
            tmp_path,
            project="""\
            kind: project
            statuses:
              parked: {group: paused, moves: [delivery], was: on_hold}
              review: null
              warranty: {group: waiting, moves: [done]}
            properties:
              budget: null
              margin: {type: number}
            """,
        )
    )
    kind, shipped = project.kinds["project"], SHIPPED.kinds["project"]
    assert list(kind.statuses) == ["discovery", "delivery", "parked", "done", "cancelled", "warranty"]
    assert kind.statuses["discovery"].moves == ("delivery", "parked", "cancelled"), "moves follow the new name"
    assert kind.statuses["done"].moves == (), "nothing moves to what was taken away"
    assert set(kind.properties) == {*shipped.properties, "margin"} - {"budget"}
    assert kind.plural == shipped.plural
    assert project.was == {("project", "status", "parked"): "on_hold"}


def test_every_kind_printed_and_read_again_is_the_same(tmp_path: Path) -> None:
    own = own_kinds.read(laid(tmp_path, asset=ASSET)).kinds["asset"]
    for kind in (*SHIPPED.kinds.values(), own):
        text = kind_text.text(kind, shipped=kind.name in SHIPPED.kinds)
        found = own_kinds.read(laid(tmp_path, **{kind.name: text})).kinds[kind.name]
        assert found == kind
        assert list(found.statuses) == list(kind.statuses)
        assert list(found.properties) == list(kind.properties)


def test_all_mistakes_of_all_files_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    laid(
        tmp_path,
        asset=ASSET.replace("type: text}", "type: txt}", 1).replace("plural: Assets", "plurals: Assets"),
        client="kind: client\nproperties:\n  industry: {type: nothing}\n",
        broken="kind: [\n",
    )
    found = mistakes(tmp_path)
    assert any(line.startswith("schema/asset.yaml:3: plurals") for line in found)
    assert any(line.startswith("schema/asset.yaml:12: properties.serial.type") for line in found)
    assert any(line.startswith("schema/client.yaml:3: properties.industry.type") for line in found)
    assert any(line.startswith("schema/broken.yaml:") for line in found)


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("kind: asset", "kind: assets", 1, "belongs into assets.yaml"),
        ("prefix: AS", "prefix: CL", 2, "prefix “CL” is taken by client.yaml"),
        ("prefix: AS", "prefix: DEC", 2, "belong to decisions"),
        ("plural: Assets", "plural: Clients", 3, "already names the kind client"),
        ("moves: [rented, sold]", "moves: [lost]", 6, "can't move to “lost”"),
        ("title: {type: text, required: true}", "title: {type: text}", 10, "required text"),
        ("status: {type: status}", "status: {type: text}", 11, "no other, has the type status"),
        ("serial: {type: text}", "ref: {type: text}", 12, "every record has that already"),
        ("serial: {type: text}", "due: {type: text}", 12, "one type in every kind"),
        ("serial: {type: text}", "serial: {type: text, aliases: [condition]}", 13, "already means serial"),
        ("serial: {type: text}", "serial: {type: text, was: client}", 12, "is still there"),
        ("to: client", "to: nobody", 14, "there is no kind “nobody”"),
    ],
)
def test_what_can_not_be_is_told_in_its_line(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in ASSET
    found = mistakes(laid(tmp_path, asset=ASSET.replace(old, new)))
    assert [one for one in found if one.startswith(f"schema/asset.yaml:{line}:") and told in one], found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prefix: XX", "schema/task.yaml:2: the letters of a task stay T."),
        ("properties:\n  colour: null", "schema/task.yaml:3: no shipped task has “colour”"),
        ("properties:\n  blocked_by: {type: text}", "onefirm reads it"),
        ("properties:\n  title: null", "the property “title” is missing"),
        ("statuses:\n  a: {group: open, moves: [], was: doing}\n  b: {group: open, moves: [], was: doing}",
         "can't have become two"),
    ],
)  # fmt: skip
def test_a_shipped_kind_keeps_what_onefirm_stands_on(tmp_path: Path, text: str, told: str) -> None:
    assert any(told in line for line in mistakes(laid(tmp_path, task=f"kind: task\n{text}\n")))


def test_a_file_by_another_name_than_its_kind_is_told_that_alone(tmp_path: Path) -> None:
    laid(tmp_path, Task="kind: task\nproperties: {colour: {type: text}}\n")
    (tmp_path / "schema" / "lost.yaml").symlink_to("nowhere.yaml")
    assert mistakes(tmp_path) == [
        "schema/Task.yaml:1: the kind “task” belongs into task.yaml.",
        "schema/lost.yaml:1: a link that leads nowhere.",
    ]


def test_a_file_with_another_ending_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    laid(tmp_path)
    (tmp_path / "schema" / "asset.yml").write_text("kind: asset\n")
    assert mistakes(tmp_path) == ["schema/asset.yml:1: a kind's file ends in .yaml; rename it."]


def test_the_examples_of_the_guide_can_be_used_as_they_stand(tmp_path: Path) -> None:
    guide = Path(__file__).resolve().parents[3] / "docs" / "howto" / "own-kinds.md"
    blocks = re.findall(r"```yaml\n# schema/(\w+)\.yaml\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    found = own_kinds.read(laid(tmp_path, **dict(blocks)))
    assert {name for name, _ in blocks} == {"asset", "project", "invoice"}
    assert found.kinds["asset"].initial == "stored"
    assert "parked" in found.kinds["project"].statuses
