"""Finding the workspace, and holding its firm open."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mcp_server import workspace
from mcp_server.workspace import Workspace
from onefirm.core.errors import Refused, Unavailable
from support.fake_firm import BROKEN, Opener

BOUNDED_S = 10


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def held(workspace_root: Path, opener: Opener) -> Workspace:
    return Workspace(workspace_root, opener)


def test_the_clients_project_folder_comes_before_the_working_directory(workspace_root: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    (other / ".onefirm").mkdir(parents=True)
    (other / "onefirm.yaml").touch()
    assert workspace.find({"CLAUDE_PROJECT_DIR": str(workspace_root)}, str(other)) == workspace_root
    assert workspace.find({}, str(other)) == other


def test_a_folder_below_belongs_to_the_workspace_above(workspace_root: Path) -> None:
    below = workspace_root / "context" / "clients"
    below.mkdir(parents=True)
    assert workspace.find({"CLAUDE_PROJECT_DIR": str(below)}, "/") == workspace_root


def test_a_workspace_that_was_never_initialised_is_found_when_there_is_no_other(tmp_path: Path) -> None:
    (tmp_path / "onefirm.yaml").touch()
    assert workspace.find({}, str(tmp_path)) == tmp_path


def test_elsewhere_there_is_no_workspace(tmp_path: Path) -> None:
    assert workspace.find({"CLAUDE_PROJECT_DIR": str(tmp_path)}, str(tmp_path)) is None


def test_nothing_is_opened_before_the_first_call(held: Workspace, opener: Opener) -> None:
    assert opener.opened == []


def test_many_threads_share_one_firm(held: Workspace, opener: Opener) -> None:
    together = threading.Barrier(8)

    def use() -> object:
        together.wait(BOUNDED_S)
        with held.firm() as firm:
            return firm

    with ThreadPoolExecutor(8) as pool:
        firms = [future.result(BOUNDED_S) for future in [pool.submit(use) for _ in range(8)]]
    assert len(opener.opened) == 1
    assert all(firm is opener.opened[0] for firm in firms)


def test_a_firm_that_could_not_be_opened_is_tried_again(held: Workspace, opener: Opener) -> None:
    opener.failure = BROKEN
    with pytest.raises(Unavailable), held.firm():
        pass
    opener.failure = None
    with held.firm() as firm:
        assert firm is opener.opened[0]


@pytest.mark.parametrize("replaced", ["onefirm.yaml", ".onefirm/firm.db"])
def test_a_replaced_file_makes_the_next_call_open_the_firm_anew(
    held: Workspace, opener: Opener, workspace_root: Path, replaced: str
) -> None:
    with held.firm():
        pass
    copy = workspace_root / "copy"
    copy.write_text("version: 1\nfirm: Borealis Studio\n", encoding="utf-8")
    os.replace(copy, workspace_root / replaced)
    with held.firm() as firm:
        assert firm is opener.opened[1]
    assert opener.opened[0].closed


def test_writing_to_the_database_keeps_the_firm_open(held: Workspace, opener: Opener, workspace_root: Path) -> None:
    with held.firm():
        (workspace_root / ".onefirm" / "firm.db").write_bytes(b"more")
    with held.firm():
        pass
    assert len(opener.opened) == 1


def test_a_newer_schema_makes_the_next_call_open_the_firm_anew(held: Workspace, opener: Opener) -> None:
    with held.firm():
        pass
    opener.rooms.records.answers["outdated"] = True
    with held.firm() as firm:
        assert firm is opener.opened[1]
    assert opener.opened[0].closed


def test_a_database_that_can_not_be_asked_for_its_schema_is_told_of_by_the_call(
    held: Workspace, opener: Opener
) -> None:
    with held.firm():
        pass
    opener.rooms.records.answers["outdated"] = BROKEN
    with held.firm() as firm:
        assert firm is opener.opened[0]


def test_a_firm_whose_database_failed_is_opened_anew(held: Workspace, opener: Opener) -> None:
    with pytest.raises(Unavailable), held.firm():
        raise BROKEN
    assert opener.opened[0].closed
    with held.firm() as firm:
        assert firm is opener.opened[1]


def test_a_refusal_keeps_the_firm_open(held: Workspace, opener: Opener) -> None:
    with pytest.raises(Refused), held.firm():
        raise Refused("No.")
    assert not opener.opened[0].closed


def test_a_firm_in_use_is_closed_only_after_its_last_call(held: Workspace, opener: Opener) -> None:
    with held.firm() as outer:
        with pytest.raises(Unavailable), held.firm():
            raise BROKEN
        assert not outer.closed
    assert outer.closed


def test_settling_waits_for_the_call_under_way(held: Workspace) -> None:
    entered, leave = threading.Event(), threading.Event()

    def use() -> None:
        with held.firm():
            entered.set()
            leave.wait(BOUNDED_S)

    with ThreadPoolExecutor(1) as pool:
        used = pool.submit(use)
        entered.wait(BOUNDED_S)
        assert held.settle(0.01) is False
        leave.set()
        assert held.settle(BOUNDED_S) is True
        used.result(BOUNDED_S)


def test_warming_opens_the_firm_and_keeps_its_failure_for_the_first_call(held: Workspace, opener: Opener) -> None:
    opener.failure = BROKEN
    held.warm()
    opener.failure = None
    held.warm()
    assert len(opener.opened) == 1


def test_closing_closes_the_firm(held: Workspace, opener: Opener) -> None:
    with held.firm():
        pass
    held.close()
    assert opener.opened[0].closed
