"""Kinds of records that the operator owns: written as YAML, shown as a plan, applied, used at once, never at a loss."""

from pathlib import Path

import pytest

from support.over_mcp import Refusal, connected
from support.own_schema import ASSET, Workshop, workshop
from support.terminal import Terminal

pytestmark = pytest.mark.row("STA-02")


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return workshop(tmp_path)


@pytest.fixture
def onefirm(shop: Workshop) -> Terminal:
    return Terminal(shop.root)


def test_a_kind_begins_as_yaml_and_ends_in_the_changelog(shop: Workshop, onefirm: Terminal) -> None:
    shop.file("asset")
    assert "12 kinds" in onefirm.done("schema", "check").out
    assert onefirm.done("schema", "diff").out.startswith("+ The kind asset is added")
    applied = onefirm.done("schema", "apply", "--why", "we rent out equipment")
    assert "Version 3 is in force." in applied.out
    assert list((shop.root / ".onefirm/backup").glob("firm-before-schema-3-*.db"))
    onefirm.done("record", "create", "asset", "title=Camera one", "serial=0012")
    assert onefirm.data("record", "get", "AS-1")["status"] == "stored"
    newest, first = onefirm.data("schema", "log")
    assert (newest["version"], newest["by"], newest["why"]) == (3, "operator", "we rent out equipment")
    assert newest["plan"][0].startswith("The kind asset is added")
    assert first["version"] == 2
    assert "version 3, by operator, because: we rent out equipment" in onefirm.done("schema", "log").out
    assert "the files say the same" in onefirm.done("schema", "diff").err
    assert "nothing had to be done" in onefirm.done("schema", "apply").err


def test_the_doctor_says_whether_the_files_are_in_force(shop: Workshop, onefirm: Terminal) -> None:
    def told() -> list[str]:
        findings = onefirm("doctor", "--json").data["findings"]
        return [f"{one['level']} {one['what']}" for one in findings if one["area"] == "schema"]

    assert told() == ["ok version 2 is in force, as the files have it"]
    shop.file("asset")
    assert told() == ["warn 1 change of schema/ or of this onefirm not yet in force"]
    shop.file("asset", "kind: asset")
    assert told() == ["warn the files in schema/ have mistakes"]


def test_a_status_that_is_required_begins_as_every_status_does(shop: Workshop, onefirm: Terminal) -> None:
    shop.file("asset", ASSET.replace("status: {type: status}", "status: {type: status, required: true}"))
    onefirm.done("schema", "apply")
    onefirm.done("record", "create", "asset", "title=Camera one")
    assert onefirm.data("record", "get", "AS-1")["status"] == "stored"


def test_a_shipped_kind_is_printed_changed_and_applied(shop: Workshop, onefirm: Terminal) -> None:
    printed = onefirm.done("schema", "show", "project").out
    shop.file("project", printed)
    assert onefirm.data("schema", "diff")["steps"] == []
    shop.file("project", printed.replace("  budget:", "  margin: {type: number}\n  budget:"))
    onefirm.done("schema", "apply")
    onefirm.done("record", "create", "project", "title=Showreel", "margin=0.25")
    assert onefirm.data("record", "get", "P-1")["props"]["margin"] == 0.25


def test_every_mistake_is_told_at_once_with_file_and_line(shop: Workshop, onefirm: Terminal) -> None:
    shop.file("asset", ASSET.replace("prefix: AS", "prefix: assets").replace("type: text}", "type: words}", 1))
    shop.file("client", "kind: client\nproperties:\n  colour: null\n")
    checked = onefirm("schema", "check")
    assert checked.code == 1
    assert "schema/asset.yaml:2: prefix" in checked.err
    assert "schema/asset.yaml:12: properties.serial.type" in checked.err
    assert "schema/client.yaml:3: no shipped client has “colour”" in checked.err
    assert onefirm("schema", "apply").code == 1
    assert onefirm.data("schema", "log")[0]["version"] == 2


def test_what_would_lose_a_value_is_refused_until_it_can_not(shop: Workshop, onefirm: Terminal) -> None:
    shop.file("asset")
    onefirm.done("schema", "apply")
    onefirm.done("record", "create", "asset", "title=Camera", "serial=twelve", "status=sold")
    shop.change("asset", "serial: {type: text}", "serial: {type: number}")
    shop.change("asset", "  sold: {group: done, moves: []}\n", "")
    shop.change("asset", "moves: [rented, sold]", "moves: [rented]")
    shown = onefirm.data("schema", "diff")
    assert shown["refused"] == [
        "The status “sold” of asset can't be removed while records have it: AS-1.",
        "“twelve” in serial of asset doesn't fit number: AS-1.",
    ]
    refused = onefirm("schema", "apply")
    assert refused.code == 1
    assert all(one in refused.err for one in shown["refused"])
    assert onefirm.data("record", "get", "AS-1")["props"]["serial"] == "twelve"


def test_values_of_a_removed_property_stay_until_they_are_named(shop: Workshop, onefirm: Terminal) -> None:
    shop.file("asset")
    onefirm.done("schema", "apply")
    onefirm.done("record", "create", "asset", "title=Camera", "serial=0012")
    shop.change("asset", "  serial: {type: text}\n", "")
    assert "keep their value until `--remove asset.serial`" in onefirm.done("schema", "apply").out
    assert onefirm.data("record", "get", "AS-1")["props"]["serial"] == "0012"


def test_values_that_are_named_are_taken_out_and_kept_by_the_ledger(shop: Workshop, onefirm: Terminal) -> None:
    shop.file("asset")
    onefirm.done("schema", "apply")
    onefirm.done("record", "create", "asset", "title=Camera", "serial=0012")
    shop.change("asset", "  serial: {type: text}\n", "")
    onefirm.done("schema", "apply", "--remove", "asset.serial")
    assert "serial" not in onefirm.data("record", "get", "AS-1")["props"]
    assert "0012" in onefirm.done("ledger", "log", "--about", "AS-1").out, "the ledger keeps what was taken out"


def test_claude_can_not_change_the_schema(shop: Workshop, onefirm: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.file("asset")
    monkeypatch.setenv("CLAUDECODE", "1")
    assert "the operator's own decision" in onefirm("schema", "apply").err
    assert onefirm.data("schema", "diff")["version"] == 2


def test_a_running_server_knows_a_new_schema_at_once(shop: Workshop, onefirm: Terminal) -> None:
    with connected(shop.root) as firm:
        with pytest.raises(Refusal, match="There is no kind “asset”"):
            firm.create("asset", title="Camera")
        shop.file("asset")
        onefirm.done("schema", "apply")
        ref = firm.create("asset", title="Camera", serial="0012", condition="new")
        assert ref == "AS-1"
        assert [row["title"] for row in firm.rows("record_find", kind="asset", where={"condition": "new"})] == [
            "Camera"
        ]


def test_a_running_server_knows_a_renamed_status_at_once(shop: Workshop, onefirm: Terminal) -> None:
    shop.file("asset")
    onefirm.done("schema", "apply")
    with connected(shop.root) as firm:
        ref = firm.create("asset", title="Camera", serial="0012", condition="new")
        shop.change("asset", "stored: {group: open,", "shelved: {was: stored, group: open,")
        shop.change("asset", "moves: [stored]", "moves: [shelved]")
        onefirm.done("schema", "apply")
        with pytest.raises(Refusal, match="has no status “stored”"):
            firm.create("asset", title="Lamp", status="stored")
        assert firm.get(ref)["status"] == "shelved"
        assert firm.update(ref, status="rented")["ref"] == ref
