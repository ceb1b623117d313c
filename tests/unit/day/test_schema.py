"""Every kind of change of a schema: what is told, what is refused, what becomes of the records, what is kept."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract.office import open_office
from contract.stores import sqlite_url
from onefirm.core.errors import InvalidInput, Refused, Unavailable
from onefirm.day import schema as schema_room
from onefirm.day.schema_guard import catch_up
from onefirm.ledger.verify import verify
from onefirm.state import own_kinds, schema_change
from onefirm.state.records import Change, Query
from onefirm.state.schema import Schema, SchemaMoved
from onefirm.state.truth.base import Following
from onefirm.store.engine import Store
from support.clock import FixedClock
from support.own_schema import OPERATOR, Workshop, workshop


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return workshop(tmp_path)


@pytest.fixture
def rented(shop: Workshop) -> Workshop:
    """A workspace where the kind asset is in force."""
    shop.file("asset")
    shop.apply()
    return shop


def test_without_files_there_is_nothing_to_do(shop: Workshop) -> None:
    assert shop.told() == []
    done = shop.apply()
    assert (done.proposal.steps, done.backup) == ((), None)
    assert shop.diff().now == 2


def test_a_kind_is_added_with_a_plan_a_backup_an_entry_and_the_guards_rules(shop: Workshop) -> None:
    shop.file("asset")
    assert shop.told() == [
        "The kind asset is added: its refs look like AS-1, its statuses are stored, rented, sold, its properties "
        "title, serial, condition, client."
    ]
    done = shop.apply()
    assert done.proposal.schema.version == 3
    assert done.backup is not None
    with closing(sqlite3.connect(done.backup)) as conn:
        assert conn.execute("SELECT max(version) FROM firm_schema").fetchone() == (2,)
    guard = json.loads((shop.root / ".onefirm/guard.json").read_text())
    assert guard["schema"] == 3
    assert set(guard["kinds"]["asset"]["statuses"]) == {"stored", "rented", "sold"}
    with shop.firm() as firm:
        newest, first = schema_room.history(firm.records)
        assert (newest.payload or {})["plan"] == [step.sentence for step in done.proposal.steps]
        assert (newest.reason, (first.payload or {})["version"]) == ("we rent", 2)
    assert shop.create("asset", serial="0012", condition="new") == "AS-1"
    assert shop.told() == []


def test_a_property_and_a_status_are_added_to_a_shipped_kind(shop: Workshop) -> None:
    shop.file(
        "project",
        """\
        kind: project
        statuses:
          review: {group: active, moves: [delivery, done, warranty]}
          warranty: {group: waiting, moves: [done]}
        properties:
          margin: {type: number}
        """,
    )
    assert shop.told() == [
        "Project: the status “review” may go to delivery, done, warranty; so far to delivery, done, on_hold, "
        "cancelled.",
        "Project: the status “warranty” (waiting) is added; from there to done.",
        "Project: the property “margin” is added: number.",
    ]
    shop.apply()
    ref = shop.create("project", margin="12.5", status="review")
    shop.update(ref, status="warranty")
    assert shop.get(ref).props["margin"] == 12.5


def test_a_status_is_renamed_and_every_record_that_has_it_goes_along(rented: Workshop) -> None:
    ref, other = rented.create("asset"), rented.create("asset", status="rented")
    rented.change("asset", "stored: {group: open,", "shelved: {was: stored, group: open,")
    rented.change("asset", "moves: [stored]", "moves: [shelved]")
    assert rented.told() == ["Asset: the status “stored” is renamed to “shelved”."]
    done = rented.apply()
    assert set(done.proposal.changes) == {ref}
    assert (rented.get(ref).status, rented.get(other).status) == ("shelved", "rented")
    assert rented.told() == [], "`was` says nothing any more once it was applied"
    with rented.firm() as firm:
        event = firm.records.timeline(ref)[-1]
        applied = schema_room.history(firm.records)[0]
        assert (event.payload or {})["before"] == {"status": "stored"}
        assert event.cause == applied.id
        with firm.store.read() as conn:
            assert verify(conn).ok


def test_the_brief_tells_of_the_change_once_and_not_for_every_record(rented: Workshop) -> None:
    refs = [rented.create("asset") for _ in range(3)]
    with rented.firm() as firm, firm.store.write() as conn:
        firm.ledger.append(conn, "session.closed", {"how": "ended"}, subjects=(), by=OPERATOR)
    rented.change("asset", "stored: {group: open,", "shelved: {was: stored, group: open,")
    rented.change("asset", "moves: [stored]", "moves: [shelved]")
    rented.apply()
    with rented.firm() as firm:
        (told,) = firm.day.brief().changes
    assert "the status “stored” is renamed to “shelved”" in told
    assert not any(ref in told for ref in refs)


def test_the_brief_tells_a_record_that_came_before_the_change_in_the_words_after_it(rented: Workshop) -> None:
    ref = rented.create("asset")
    rented.change("asset", "stored: {group: open,", "shelved: {was: stored, group: open,")
    rented.change("asset", "moves: [stored]", "moves: [shelved]")
    rented.apply()
    with rented.firm() as firm:
        (told,) = [line for line in firm.day.brief().changes if line.startswith(ref)]
    assert "created, status shelved (operator)" in told


def test_a_status_moves_to_another_group(rented: Workshop) -> None:
    rented.change("asset", "rented: {group: active", "rented: {group: waiting")
    assert rented.told() == ["Asset: the status “rented” moves from the group active to waiting."]
    ref = rented.create("asset", status="rented")
    rented.apply()
    with rented.firm() as firm:
        assert firm.schema.kinds["asset"].group_of(firm.records.get(ref).status) == "waiting"


def test_another_first_status_is_told(rented: Workshop) -> None:
    text = (rented.root / "schema/asset.yaml").read_text()
    line = "  stored: {group: open, moves: [rented, sold]}\n"
    rented.file("asset", text.replace(line, "").replace("properties:", f"{line}properties:"))
    assert rented.told() == ["Asset: a new record begins as rented, no longer as stored."]
    rented.apply()
    assert rented.get(rented.create("asset")).status == "rented"


def test_a_status_that_records_have_can_not_be_removed(rented: Workshop) -> None:
    ref = rented.create("asset", status="sold")
    rented.change("asset", "  sold: {group: done, moves: []}\n", "")
    rented.change("asset", "moves: [rented, sold]", "moves: [rented]")
    assert rented.diff().obstacles == (f"The status “sold” of asset can't be removed while records have it: {ref}.",)
    with pytest.raises(Refused, match="can't be removed while records have it"):
        rented.apply()
    assert rented.diff().now == 3, "nothing was changed"


def test_a_removed_property_leaves_its_values_until_the_operator_says_so(rented: Workshop) -> None:
    ref = rented.create("asset", serial="0012")
    rented.change("asset", "  serial: {type: text}\n", "")
    assert rented.told() == [
        "Asset: the property “serial” is removed. 1 record(s) keep their value until `--remove asset.serial` takes it "
        "out."
    ]
    rented.apply()
    assert rented.get(ref).props["serial"] == "0012"
    with pytest.raises(InvalidInput, match="no property “serial”"):
        rented.update(ref, serial="13")
    assert rented.told("serial") == [
        "Asset: the values of “serial” are taken out of 1 record(s); the ledger and the backup keep them."
    ]
    rented.apply("asset.serial")
    assert "serial" not in rented.get(ref).props
    with rented.firm() as firm:
        assert (firm.records.timeline(ref)[-1].payload or {})["before"] == {"serial": "0012"}


def test_what_was_left_behind_fits_again_or_stands_in_the_way(rented: Workshop) -> None:
    ref = rented.create("asset", serial="twelve")
    rented.change("asset", "  serial: {type: text}\n", "")
    rented.apply()
    rented.change("asset", "  condition:", "  serial: {type: number}\n  condition:")
    assert rented.diff().obstacles == (f"“twelve” in serial of asset doesn't fit number: {ref}.",)
    rented.change("asset", "serial: {type: number}", "serial: {type: text}")
    rented.apply()
    assert rented.get(ref).props["serial"] == "twelve"


def test_values_are_removed_only_of_a_property_that_is_gone_and_held(rented: Workshop) -> None:
    rented.create("asset", serial="0012")
    with pytest.raises(InvalidInput, match="still a property of asset"):
        rented.diff("asset.serial")
    with pytest.raises(InvalidInput, match="No record holds"):
        rented.diff("asset.colour")


def test_a_property_is_renamed_with_its_values(rented: Workshop) -> None:
    ref = rented.create("asset", serial="0012")
    rented.change("asset", "serial: {type: text}", "serial_number: {type: text, was: serial}")
    assert rented.told() == ["Asset: the property “serial” is renamed to “serial_number”."]
    rented.apply()
    assert rented.get(ref).props["serial_number"] == "0012"
    assert "serial" not in rented.get(ref).props


@pytest.mark.parametrize(
    ("value", "form", "becomes"),
    [
        ("12.50", "number", 12.5),
        ("2026-11-21", "date", "2026-11-21"),
        ("80 EUR", "money", {"minor": 8000, "currency": "EUR"}),
        ("new", "choice, options: [new]", "new"),
        ("CL-1", "relation, to: client", "CL-1"),
        ("CL-1", "relation, to: client, many: true", ["CL-1"]),
        ("yes", "checkbox", True),
    ],
)
def test_a_type_changes_when_every_value_converts(rented: Workshop, value: str, form: str, becomes: object) -> None:
    rented.create("client")
    ref = rented.create("asset", serial=value)
    rented.change("asset", "serial: {type: text}", f"serial: {{type: {form}}}")
    rented.apply()
    assert rented.get(ref).props["serial"] == becomes


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("about ten", "number"),
        ("0012", "number"),
        ("0.12345678901234567890", "number"),
        ("2026-11-21T10:00:00", "date"),
        ("old", "choice, options: [new]"),
        ("CL-9", "relation, to: client"),
        ("maybe", "checkbox"),
    ],
)
def test_a_type_change_is_refused_unless_every_value_converts_whole(rented: Workshop, value: str, form: str) -> None:
    rented.create("asset", serial=value)
    rented.change("asset", "serial: {type: text}", f"serial: {{type: {form}}}")
    (told,) = rented.diff().obstacles
    assert told.startswith(f"“{value[:40]}” in serial of asset doesn't fit")
    with pytest.raises(Refused):
        rented.apply()
    assert rented.get("AS-1").props["serial"] == value


def test_an_option_goes_only_when_no_record_has_it(rented: Workshop) -> None:
    ref = rented.create("asset", condition="worn")
    rented.change("asset", "options: [new, used, worn]", "options: [new, used]")
    assert rented.told() == ["Asset: the property “condition” changes: no longer worn."]
    assert rented.diff().obstacles == (f"“worn” in condition of asset doesn't fit a choice of new, used: {ref}.",)
    rented.update(ref, condition="used")
    rented.apply()


def test_a_property_becomes_required_only_when_every_record_has_it(rented: Workshop) -> None:
    ref = rented.create("asset")
    rented.change("asset", "serial: {type: text}", "serial: {type: text, required: true}")
    assert rented.diff().obstacles == (
        f"The property “serial” of asset can't be required while records lack it: {ref}.",
    )
    rented.update(ref, serial="0012")
    rented.apply()
    with pytest.raises(InvalidInput, match="asset needs a serial"):
        rented.create("asset")


def test_a_kind_goes_only_when_no_record_of_it_was_ever_kept(rented: Workshop) -> None:
    ref = rented.create("asset")
    with rented.firm() as firm:
        firm.records.write([Change("archive", ref=ref)], OPERATOR)
    (rented.root / "schema/asset.yaml").unlink()
    assert rented.told() == ["The kind asset is removed."]
    assert rented.diff().obstacles == (
        f"The kind asset stays, since its records stay, archived or not (put schema/asset.yaml back): {ref}.",
    )


def test_a_kind_without_records_goes(rented: Workshop) -> None:
    (rented.root / "schema/asset.yaml").unlink()
    rented.apply()
    with rented.firm() as firm:
        assert "asset" not in firm.schema.kinds


def test_a_change_made_under_an_older_schema_is_not_taken_back_into_the_new_one(rented: Workshop) -> None:
    ref = rented.create("asset")
    rented.update(ref, serial="0012")
    rented.update(ref, serial="twelve")
    rented.update(ref, serial="13")
    rented.change("asset", "serial: {type: text}", "serial: {type: number}")
    rented.apply()
    with rented.firm() as firm, pytest.raises(Refused, match="which the schema no longer knows"):
        firm.records.undo(ref, OPERATOR)


def test_a_firm_that_was_open_writes_nothing_under_its_old_schema(rented: Workshop) -> None:
    with rented.firm() as old:
        ref = old.records.write([Change("create", kind="asset", set={"title": "Camera"})], OPERATOR)[0].ref
        rented.change("asset", "serial: {type: text}", "serial_number: {type: text, was: serial}")
        assert not old.records.outdated()
        rented.apply()
        assert old.records.outdated()
        with pytest.raises(SchemaMoved):
            old.records.write([Change("update", ref=ref, set={"serial": "0012"})], OPERATOR)
        assert old.records.find(Query(kind="asset")).total == 1
    assert "serial" not in rented.get(ref).props


def test_the_guards_rules_are_caught_up_by_whoever_opens_the_firm_next(rented: Workshop) -> None:
    path = rented.root / ".onefirm/guard.json"
    stale = json.loads(path.read_text()) | {"schema": 2}
    path.write_text(json.dumps(stale))
    with rented.firm() as firm:
        assert json.loads(path.read_text())["schema"] == 3
        assert not catch_up(rented.root, firm.schema)
        path.write_text("{")
        assert not catch_up(rented.root, firm.schema), "a damaged file is the doctor's to tell"


def test_without_a_backup_nothing_is_applied(shop: Workshop) -> None:
    shop.file("asset")
    folder = shop.root / ".onefirm/backup"
    folder.rmdir() if folder.exists() else None
    folder.write_text("a file in its way")
    with pytest.raises(Unavailable, match="can't be backed up"):
        shop.apply()
    assert shop.diff().now == 2


def test_what_a_truth_elsewhere_has_against_it_refuses_all_of_it(tmp_path: Path, clock: FixedClock) -> None:
    office = open_office(Store.open(sqlite_url(tmp_path)), clock, "slow")
    office.slow.following = lambda schema, steps: Following(against=("It can't be kept there.",))
    with office.store.read() as conn:
        found = schema_change.propose(office.records.plane, conn, own_kinds.read(tmp_path), ())
    with pytest.raises(Refused, match="It can't be kept there"):
        found.accepted()
    office.store.close()


def test_a_write_that_waits_stands_in_the_way_of_all_but_additions(tmp_path: Path, clock: FixedClock) -> None:
    office = open_office(Store.open(sqlite_url(tmp_path)), clock, "slow")
    office.slow.down = True
    office.create("client", industry="Film")
    declared = own_kinds.read(tmp_path)
    client = declared.kinds["client"]
    fewer = {name: one for name, one in client.properties.items() if name != "industry"}
    more = {**client.properties, "rating": replace(client.properties["industry"], name="rating", aliases=())}
    for properties, waits in ((fewer, 1), (more, 0)):
        asked = replace(declared, kinds={**declared.kinds, "client": replace(client, properties=properties)})
        with office.store.read() as conn:
            found = schema_change.propose(office.records.plane, conn, asked, ())
        assert sum("wait for the truth" in told for told in found.obstacles) == waits
        assert isinstance(found.schema, Schema)
    office.store.close()
