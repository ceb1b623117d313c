"""Receipts and state out of ledger events."""

from hypothesis import given
from hypothesis import strategies as st

from onefirm.sessions import db, identity, projection, receipts, state


def event(
    seq: int, kind: str, ref: str = "P-1", session: str | None = "S-a", at: int | None = None, **payload: object
) -> dict:
    payload = {"kind": "project", "title": "Launch site", "etag": f"v{seq}", **payload}
    return {
        "chain_id": "c",
        "seq": seq,
        "id": f"e{seq}",
        "at": f"2026-11-20T10:00:{at or seq:02d}.000000Z",
        "actor": "claude",
        "session": session,
        "kind": kind,
        "subjects": [ref],
        "payload": payload,
    }


def receipt(root: str, ref: str = "P-1", session: str = "S-a"):
    with db.reading(root) as conn:
        return receipts.of(conn, session, ref)


def known(root: str, ref: str = "P-1"):
    with db.reading(root) as conn:
        return state.of(conn, ref)


def test_a_look_gives_a_receipt_to_the_session_that_looked_and_to_no_other(root: str) -> None:
    projection.apply(root, [event(1, "record.seen")], "c")
    assert receipt(root) == {"kind": "seen", "etag": "v1", "at": "2026-11-20T10:00:01.000000Z"}
    assert receipt(root, session="S-b") is None


def test_every_write_gives_a_written_receipt(root: str) -> None:
    for seq, kind in enumerate(("record.created", "record.updated", "record.archived", "record.restored"), 1):
        projection.apply(root, [event(seq, kind, ref=f"P-{seq}")], "c")
        assert receipt(root, f"P-{seq}")["kind"] == "written"


def test_a_queued_write_gives_a_pending_receipt_and_changes_no_state(root: str) -> None:
    projection.apply(root, [event(1, "record.created", after={"status": "discovery"})], "c")
    projection.apply(root, [event(2, "record.queued", op="update", after={"status": "delivery"})], "c")
    assert receipt(root)["kind"] == "pending"
    assert known(root)["status"] == "discovery"


def test_a_refused_queued_write_takes_its_pending_receipt_away(root: str) -> None:
    projection.apply(root, [event(1, "record.queued", op="update", after={})], "c")
    projection.apply(root, [event(2, "record.conflicted", mine={}, theirs={}, inbox="I-1")], "c")
    assert receipt(root) is None


def test_an_event_of_nobodys_session_gives_no_receipt(root: str) -> None:
    projection.apply(root, [event(1, "record.updated", session=None, after={"status": "review"})], "c")
    assert receipts.all(root, "S-a") == {}
    assert known(root)["status"] == "review"


def test_state_keeps_what_an_update_does_not_name(root: str) -> None:
    projection.apply(root, [event(1, "record.created", after={"status": "discovery", "owner": "Mira"})], "c")
    projection.apply(root, [event(2, "record.updated", after={"status": "delivery"})], "c")
    assert known(root)["props"] == {"status": "delivery", "owner": "Mira"}
    assert known(root)["etag"] == "v2"


def test_a_pull_moves_the_state_and_leaves_receipts_alone(root: str) -> None:
    projection.apply(root, [event(1, "record.seen", after={"status": "discovery"})], "c")
    projection.apply(
        root, [event(2, "record.pulled", session=None, after={"status": "delivery"}, change="updated")], "c"
    )
    assert receipt(root)["etag"] == "v1"
    assert known(root)["etag"] == "v2"


def test_archiving_is_known_and_can_be_taken_back(root: str) -> None:
    projection.apply(root, [event(1, "record.created", after={}), event(2, "record.archived")], "c")
    assert known(root)["archived"]
    projection.apply(root, [event(3, "record.restored")], "c")
    assert not known(root)["archived"]


def test_an_older_event_of_another_chain_does_not_overwrite_a_newer_state(root: str) -> None:
    projection.apply(root, [event(1, "record.updated", at=30, after={"status": "review"})], "c")
    projection.apply(root, [event(1, "record.updated", at=20, after={"status": "delivery"})], "d")
    assert known(root)["status"] == "review"
    assert projection.watermarks(root) == {"c": 1, "d": 1}


def test_statuses_that_a_record_left_are_remembered_with_their_time(root: str) -> None:
    projection.apply(root, [event(1, "record.created", after={"status": "discovery"})], "c")
    projection.apply(root, [event(2, "record.updated", after={"status": "delivery"})], "c")
    with db.reading(root) as conn:
        assert state.past(conn, "P-1", "2026-11-20T10:00:01") == ["discovery"]
        assert state.past(conn, "P-1", "2026-11-20T10:00:03") == []


def test_a_temporary_ref_goes_on_as_the_ref_that_the_truth_gave(root: str) -> None:
    projection.apply(root, [event(1, "record.queued", ref="P-xab12", op="create", after={"status": "discovery"})], "c")
    created = event(2, "record.created", ref="P-7", after={"status": "discovery"})
    projection.apply(root, [{**created, "subjects": ["P-7", "P-xab12"]}], "c")
    assert receipt(root, "P-xab12")["kind"] == "written"
    assert known(root, "p-xAB12")["ref"] == "P-7"


def test_an_erased_payload_leaves_nothing_behind(root: str) -> None:
    projection.apply(root, [event(1, "record.created", after={"status": "discovery", "owner": "Mira"})], "c")
    erased = {**event(2, "payload.erased", events=["e1"]), "subjects": ["P-1"]}
    projection.apply(root, [erased], "c")
    assert known(root) is None


def test_an_event_without_its_payload_is_passed_over(root: str) -> None:
    projection.apply(root, [{**event(1, "record.created"), "payload": None}], "c")
    assert known(root) is None
    assert projection.watermarks(root) == {"c": 1}


def test_refs_are_found_however_they_are_spelt(root: str) -> None:
    projection.apply(root, [event(1, "record.seen", after={"status": "discovery"})], "c")
    assert receipt(root, "p-1")
    assert known(root, " p-1 ")["ref"] == "P-1"


def test_a_lost_database_is_rebuilt_to_the_same_receipts_and_state(root: str) -> None:
    events = [
        event(1, "record.created", after={"status": "discovery"}),
        event(2, "record.updated", after={"status": "delivery"}),
    ]
    projection.apply(root, events, "c")
    before = receipts.all(root, "S-a"), known(root)
    db.rebuild(root).close()
    assert projection.watermarks(root) == {}
    projection.apply(root, events, "c")
    assert (receipts.all(root, "S-a"), known(root)) == before


def test_of_two_who_find_that_an_event_was_lost_one_begins_anew(root: str) -> None:
    projection.apply(root, [event(1, "record.created", after={}), event(2, "record.updated", after={})], "c")
    mark = projection.marks(root)["c"]
    assert mark == (2, "e2")
    projection.begin_anew(root, "c", mark)
    assert (projection.marks(root), receipts.all(root, "S-a"), known(root)) == ({}, {}, None)
    projection.apply(root, [event(1, "record.created", after={})], "c")
    projection.begin_anew(root, "c", mark)
    assert projection.marks(root) == {"c": (1, "e1")}


kinds = st.sampled_from(
    ["record.seen", "record.created", "record.updated", "record.queued", "record.pulled", "record.archived"]
)
statuses = st.sampled_from(["discovery", "delivery", "review"])


@given(st.lists(st.tuples(kinds, st.sampled_from(["P-1", "P-2"]), statuses), max_size=12), st.data())
def test_any_cut_and_any_repetition_give_the_same_projection(tmp_path_factory, told, data) -> None:
    events = [event(seq, kind, ref, after={"status": status}) for seq, (kind, ref, status) in enumerate(told, 1)]
    once, often = (tmp_path_factory.mktemp("firm") for _ in range(2))
    for folder in (once, often):
        (folder / ".onefirm").mkdir()
    projection.apply(str(once), events, "c")
    cut = data.draw(st.integers(0, len(events)))
    for part in (events[:cut], events[:cut], events, events):
        projection.apply(str(often), part, "c")
    for ref in ("P-1", "P-2"):
        assert known(str(once), ref) == known(str(often), ref)
    assert receipts.all(str(once), "S-a") == receipts.all(str(often), "S-a")


def test_a_session_that_was_closed_keeps_its_receipts_for_the_record(root: str) -> None:
    session = identity.bind(root, "a")
    projection.apply(root, [event(1, "record.seen", session=session)], "c")
    identity.mark_closed(root, session)
    assert "P-1" in receipts.all(root, session)
