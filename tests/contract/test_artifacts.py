"""Artifacts on both databases: kept once, linked, checked, and gone when they are erased."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from contract.office import CLAUDE, OPERATOR, Office, open_office
from onefirm.core.errors import InvalidInput, NotFound, Refused, Unavailable
from onefirm.ledger.verify import verify
from onefirm.state.artifacts import LARGEST_BYTES, Artifacts
from onefirm.store.engine import Store
from support.clock import FixedClock

OFFER = b"# Offer\n\nTwelve days of work.\n"
Opener = Callable[[], Store]


@pytest.fixture
def opener(database: str) -> Opener:
    """Opens the same database again and again, as several processes do."""
    return lambda: Store.open(database)


@pytest.fixture
def office(opener: Opener, clock: FixedClock) -> Iterator[Office]:
    """A firm with the prospect PR-1 and the client CL-1."""
    made = open_office(opener(), clock)
    made.create("prospect")
    made.create("client")
    yield made
    made.store.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".onefirm").mkdir(mode=0o700)
    return tmp_path


@pytest.fixture
def room(office: Office, root: Path) -> Artifacts:
    return Artifacts(root, office.records)


@pytest.fixture
def offer(root: Path) -> Path:
    path = root / "offer.md"
    path.write_bytes(OFFER)
    return path


def kept(root: Path) -> list[Path]:
    return [path for path in (root / ".onefirm/artifacts").rglob("*") if path.is_file()]


def test_a_file_is_kept_as_it_was_linked_and_entered(office: Office, room: Artifacts, root: Path, offer: Path) -> None:
    done = room.add(offer, ["pr-1"], CLAUDE, kind="Proposal")
    offer.write_text("changed since")
    one = done.artifact
    assert (done.is_new, one.ref, one.name, one.kind, one.about) == (True, "ART-1", "offer.md", "proposal", ("PR-1",))
    assert room.get("art-1") == room.get(one.sha256[:12]) == room.find(about="PR-1")[0] == one
    assert room.read(one) == OFFER
    (path,) = kept(root)
    assert path.stat().st_mode & 0o777 == 0o400
    assert path.parent.parent.stat().st_mode & 0o777 == 0o700
    (event,) = office.events("artifact.added", ref="PR-1")
    assert event.actor == "claude"
    assert "Twelve" not in str(event.payload)
    assert not list(room.examine())


def test_the_same_bytes_are_kept_once_and_linked_to_more(
    office: Office, room: Artifacts, root: Path, offer: Path
) -> None:
    first = room.add(offer, ["PR-1"], CLAUDE)
    again = room.add(offer, ["PR-1"], CLAUDE, name="another name")
    linked = room.add(offer, ["PR-1", "CL-1"], OPERATOR)
    assert (again.is_new, again.linked, again.artifact) == (False, (), first.artifact)
    assert (linked.artifact.ref, linked.linked, linked.artifact.about) == ("ART-1", ("CL-1",), ("PR-1", "CL-1"))
    assert room.find(about="CL-1") == [linked.artifact]
    assert len(kept(root)) == 1
    assert len(office.events("artifact.")) == 2


def test_many_that_add_at_once_keep_it_once_and_number_without_a_gap(
    opener: Opener, office: Office, root: Path, offer: Path
) -> None:
    others = [open_office(opener(), FixedClock()) for _ in range(4)]
    drafts = [root / "draft-0.md", root / "draft-1.md"]
    for number, draft in enumerate(drafts):
        draft.write_bytes(OFFER + b"x" * number)

    def add(number: int) -> str:
        return Artifacts(root, others[number].records).add(drafts[number % 2], ["PR-1"], CLAUDE).artifact.ref

    with ThreadPoolExecutor(4) as pool:
        refs = list(pool.map(add, range(4)))
    assert set(refs) == {"ART-1", "ART-2"}
    assert refs[0] == refs[2]
    assert len(kept(root)) == 2
    assert len(office.events("artifact.added")) == 2
    with office.store.read() as conn:
        assert verify(conn).ok
    for other in others:
        other.store.close()


def test_what_was_lost_or_changed_is_told_and_whole_again_when_it_is_added_again(
    room: Artifacts, root: Path, offer: Path
) -> None:
    one = room.add(offer, ["PR-1"], CLAUDE).artifact
    (path,) = kept(root)
    path.chmod(0o600)
    path.write_text("Ten days of work.")
    assert [found.damage for found in room.examine()] == ["changed"]
    with pytest.raises(Unavailable, match="no longer what was added as ART-1"):
        room.read(one)
    path.unlink()
    assert [found.damage for found in room.examine()] == ["missing"]
    with pytest.raises(Unavailable, match="is gone"):
        room.read(one)
    assert not room.add(offer, ["PR-1"], CLAUDE).is_new
    assert room.read(one) == OFFER
    assert not list(room.examine())


def test_a_file_of_another_machine_is_told_as_elsewhere(
    office: Office, room: Artifacts, root: Path, offer: Path
) -> None:
    one = replace(room.add(offer, ["PR-1"], CLAUDE).artifact, chain_id="i9999")
    kept(root)[0].unlink()
    with pytest.raises(Unavailable, match="another machine"):
        room.read(one)


@pytest.mark.parametrize("step", ["drafted", "placed"])
def test_an_add_that_was_cut_off_leaves_no_entry_and_is_done_by_the_next(
    office: Office, root: Path, offer: Path, step: str
) -> None:
    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == step:
            raise Killed

    with pytest.raises(Killed):
        Artifacts(root, open_office(office.store, office.clock, step=die).records).add(offer, ["PR-1"], CLAUDE)
    room = Artifacts(root, office.records)
    assert room.find() == []
    assert [found.damage for found in room.examine()] == (["unknown"] if step == "placed" else [])
    assert room.add(offer, ["PR-1"], CLAUDE).artifact.ref == "ART-1"
    assert not list(room.examine())


def test_drafts_of_killed_processes_go_with_the_next_add_an_hour_later(
    room: Artifacts, root: Path, offer: Path
) -> None:
    folder = root / ".onefirm/artifacts"
    folder.mkdir()
    for name, age in ((".add-1-old", 7200), (".add-2-new", 60)):
        (folder / name).write_bytes(b"half")
        then = time.time() - age
        os.utime(folder / name, (then, then))
    room.add(offer, ["PR-1"], CLAUDE)
    assert [path.name for path in folder.glob(".add-*")] == [".add-2-new"]


def test_a_full_disk_enters_nothing_and_leaves_nothing(
    room: Artifacts, root: Path, offer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        room.add(offer, ["PR-1"], CLAUDE)
    monkeypatch.undo()
    assert (room.find(), kept(root)) == ([], [])


def test_what_can_not_be_an_artifact_is_refused_and_told(room: Artifacts, root: Path, offer: Path) -> None:
    (root / "empty.md").touch()
    (root / "key.md").write_text("Fine.\nThe key: sk-secret\n")
    (root / "latin.txt").write_bytes("Café\nThe key: sk-secret\n".encode("latin-1"))
    (root / "windows.txt").write_bytes("Fine.\nThe key: sk-secret\n".encode("utf-16"))
    (root / ".onefirm/secrets.json").write_text("{}")
    (root / "link.json").symlink_to(root / ".onefirm/secrets.json")
    os.mkfifo(root / "pipe")
    with (root / "large.bin").open("wb") as large:
        large.truncate(LARGEST_BYTES + 1)
    for name, error, told in (
        ("none.md", NotFound, "There is no file"),
        ("empty.md", InvalidInput, "is empty"),
        ("large.bin", InvalidInput, "larger than 50.0 MB"),
        ("pipe", InvalidInput, "is no file"),
        (".", InvalidInput, "is no file"),
        ("key.md", Refused, "key.md:2 holds an API key"),
        ("latin.txt", Refused, "latin.txt:2 holds an API key"),
        ("windows.txt", Refused, "windows.txt:2 holds an API key"),
        (".onefirm/secrets.json", Refused, "onefirm's own file"),
        ("link.json", Refused, "onefirm's own file"),
    ):
        with pytest.raises(error, match=told):
            room.add(root / name, ["PR-1"], CLAUDE)
    with pytest.raises(NotFound, match="PR-9"):
        room.add(offer, ["PR-9"], CLAUDE)
    with pytest.raises(InvalidInput, match="belongs to a record"):
        room.add(offer, [], CLAUDE)
    with pytest.raises(InvalidInput, match="can't name a kind"):
        room.add(offer, ["PR-1"], CLAUDE, kind="two words")
    with pytest.raises(InvalidInput, match="name holds an API key"):
        room.add(offer, ["PR-1"], CLAUDE, name="sk-secret")
    assert (room.find(), kept(root)) == ([], [])


def test_what_names_no_artifact_is_told(room: Artifacts, root: Path, offer: Path) -> None:
    room.add(offer, ["PR-1"], CLAUDE)
    with pytest.raises(NotFound, match="no artifact 00000000"):
        room.get("00000000")
    with pytest.raises(NotFound, match="no artifact PR-1"):
        room.get("PR-1")
    with pytest.raises(InvalidInput, match="is not a ref"):
        room.get("offer")


def test_files_go_only_when_no_entry_tells_of_them(office: Office, room: Artifacts, root: Path, offer: Path) -> None:
    one = room.add(offer, ["PR-1"], CLAUDE).artifact
    room.drop([one.sha256])
    assert len(kept(root)) == 1
    with office.store.write() as conn:
        office.ledger.erase(conn, [office.events("artifact.added")[0].id], OPERATOR, subjects=["ART-1"])
    room.drop([one.sha256])
    assert kept(root) == []
    assert room.find() == []
    assert room.add(offer, ["CL-1"], CLAUDE).artifact.ref == "ART-2"
