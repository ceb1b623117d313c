"""Snapshots of the narrative files, and whose each change was."""

import os
import shutil
import time
from pathlib import Path

import pytest

from onefirm.sessions import clock, db, edits, identity, told, tree, walk


def is_narrative(path: str, text: str) -> bool:
    return "Record:" in text or path.endswith("CLAUDE.md")


def put(root: str, path: str, text: str = "Record: P-1\n") -> Path:
    file = Path(root) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def scan(root: str, globs: tuple[str, ...] = ()):
    with db.writing(root) as conn:
        return tree.scan(conn, root, is_narrative, globs)


def paths(changes) -> list[str]:
    return [change["path"] for change in changes]


def test_a_scan_sees_what_is_narrative_and_nothing_else(root: str) -> None:
    put(root, "context/CLAUDE.md", "no head")
    put(root, "context/a.md")
    put(root, "context/notes.md", "no head")
    put(root, "code/main.py", "Record: P-1")
    assert paths(scan(root)) == ["context/CLAUDE.md", "context/a.md"]
    assert scan(root) == []


def test_foreign_folders_are_left_out_and_hidden_ones_are_not(root: str) -> None:
    for folder in (".git", ".onefirm", "node_modules", "a/.git"):
        put(root, f"{folder}/CLAUDE.md")
    for folder in (".venv", "a/venv"):
        put(root, f"{folder}/CLAUDE.md")
        put(root, f"{folder}/pyvenv.cfg")
    for folder in (".claude", ".hidden", "b/venv", "c"):
        put(root, f"{folder}/CLAUDE.md")
    put(root, "c/pyvenv.cfg")
    assert paths(scan(root)) == [".claude/CLAUDE.md", ".hidden/CLAUDE.md", "b/venv/CLAUDE.md", "c/CLAUDE.md"]


def test_another_repository_or_worktree_in_the_workspace_is_not_walked_but_an_empty_git_hides_nothing(
    root: str,
) -> None:
    put(root, ".git/HEAD", "ref: refs/heads/main\n")
    put(root, "own.md")
    put(root, ".claude/worktrees/x/own.md")
    put(root, ".claude/worktrees/x/.git", "gitdir: ../../../.git/worktrees/x\n")
    put(root, "work/site/CLAUDE.md")
    put(root, "work/site/.git/HEAD", "ref: refs/heads/main\n")
    put(root, "hidden/CLAUDE.md")
    put(root, "hidden/.git", "")
    assert paths(scan(root)) == ["hidden/CLAUDE.md", "own.md"]
    walked = [path for path in ("own.md", ".claude/worktrees/x/own.md", "hidden/CLAUDE.md", "node_modules/a/b.md")
              if walk.is_walked(root, path)]  # fmt: skip
    assert walked == ["own.md", "hidden/CLAUDE.md"]


def test_a_name_that_is_no_utf8_hides_no_file_not_even_its_own(root: str) -> None:
    folder = os.fsencode(root) + b"/caf\xe9"
    os.mkdir(folder)
    with open(folder + b"/CLAUDE.md", "w") as file:
        file.write("Record: P-1\n")
    put(root, "a.md")
    plain, odd = scan(root)
    assert plain["path"] == "a.md"
    assert os.fsencode(walk.on_disk(f"{root}/{odd['path']}")) == folder + b"/CLAUDE.md"
    assert tree.read(f"{root}/{odd['path']}") == "Record: P-1\n"
    assert scan(root) == []


def test_a_changed_file_is_given_with_both_its_texts(root: str) -> None:
    put(root, "a.md", "Record: P-1\none")
    scan(root)
    put(root, "a.md", "Record: P-1\ntwo")
    (change,) = scan(root)
    with db.reading(root) as conn:
        assert tree.text(conn, change["before_sha"]) == "Record: P-1\none"
        assert tree.text(conn, change["after_sha"]) == "Record: P-1\ntwo"


def test_a_change_that_restores_size_and_time_is_seen(root: str) -> None:
    file = put(root, "a.md", "Record: P-1\none")
    scan(root)
    before = file.stat()
    file.write_text("Record: P-1\ntwo")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert paths(scan(root)) == ["a.md"]


def test_a_touched_file_with_the_same_text_is_no_change(root: str) -> None:
    file = put(root, "a.md")
    scan(root)
    os.utime(file)
    assert scan(root) == []


def test_a_new_a_deleted_and_a_renamed_file_are_told_apart(root: str) -> None:
    put(root, "old.md", "Record: P-1\nkept")
    put(root, "gone.md", "Record: P-2\n")
    scan(root)
    (Path(root) / "old.md").rename(Path(root) / "new.md")
    (Path(root) / "gone.md").unlink()
    put(root, "born.md", "Record: P-3\n")
    born, gone, renamed = scan(root)
    assert (born["path"], born["before_sha"]) == ("born.md", None)
    assert (gone["path"], gone["after_sha"]) == ("gone.md", None)
    assert (renamed["path"], renamed["renamed_from"]) == ("new.md", "old.md")
    assert renamed["before_sha"] == renamed["after_sha"]


def test_a_file_that_loses_its_head_is_gone_as_narrative_and_its_text_is_kept(root: str) -> None:
    put(root, "a.md")
    scan(root)
    put(root, "a.md", "no head")
    (change,) = scan(root)
    assert change["after_sha"] is None
    with db.reading(root) as conn:
        assert tree.text(conn, change["before_sha"]) == "Record: P-1\n"


def test_a_file_that_can_not_be_read_is_not_told_as_gone(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "a.md", "Record: P-1\none")
    scan(root)
    put(root, "a.md", "Record: P-1\ntwo")

    def refuse(path: str) -> str:
        raise PermissionError(path)

    with monkeypatch.context() as held:
        held.setattr(tree, "read", refuse)
        assert [scan(root), scan(root)] == [[], []]
        with db.writing(root) as conn:
            assert tree.look(conn, root, "a.md", is_narrative) is None
    (change,) = scan(root)
    with db.reading(root) as conn:
        assert tree.text(conn, change["before_sha"]) == "Record: P-1\none"


def test_what_matches_a_glob_is_watched_whatever_it_is_called(root: str) -> None:
    put(root, "context/generated/index.json", "{}")
    with db.writing(root) as conn:
        changes = tree.scan(conn, root, lambda path, text: True, ("context/generated/*",))
    assert paths(changes) == ["context/generated/index.json"]


def test_globs_cross_folders_and_ignore_case() -> None:
    assert walk.matches("context/Generated/a/b.md", ("context/generated/*",))
    assert walk.matches("a/generated/x.md", ("*/generated/*.md",))
    assert not walk.matches("generatedx.md", ("*/generated/*.md",))
    assert walk.matches("context/log.md", ("context/log.md",))
    assert not walk.matches("context/log.md.bak", ("context/log.md",))
    assert not walk.matches("ab", ("ab*ab",))


def test_a_link_to_a_file_of_the_workspace_is_that_file_and_one_to_elsewhere_is_its_own(
    root: str, tmp_path_factory
) -> None:
    put(root, "a.md")
    (Path(root) / "b.md").symlink_to(Path(root) / "a.md")
    outside = tmp_path_factory.mktemp("elsewhere") / "c.md"
    outside.write_text("Record: P-9\n")
    (Path(root) / "c.md").symlink_to(outside)
    assert paths(scan(root)) == ["a.md", "c.md"]


def test_a_link_to_a_file_that_is_not_walked_by_its_own_name_is_given_by_the_links(root: str) -> None:
    put(root, "a/body.txt")
    (Path(root) / "a/CLAUDE.md").symlink_to("body.txt")
    assert paths(scan(root)) == ["a/CLAUDE.md"]
    put(root, "a/body.txt", "Record: P-1\nmore")
    assert paths(scan(root)) == ["a/CLAUDE.md"]


def test_a_folder_moved_away_with_a_link_left_is_followed_and_a_loop_is_not(root: str, tmp_path_factory) -> None:
    outside = tmp_path_factory.mktemp("elsewhere")
    put(root, "inside/.moved/CLAUDE.md")
    put(str(outside), "sub/CLAUDE.md", "Record: P-2\n")
    (Path(root) / "inside/old").symlink_to(".moved")
    (Path(root) / "out").symlink_to(outside)
    (Path(root) / "out2").symlink_to(outside)
    (outside / "loop").symlink_to(root)
    assert paths(scan(root)) == ["inside/.moved/CLAUDE.md", "out/sub/CLAUDE.md"]


@pytest.mark.parametrize("name", ["node_modules", "a/.git", ".onefirm"])
def test_a_link_whose_name_is_never_entered_is_not_entered_either(root: str, tmp_path_factory, name: str) -> None:
    outside = tmp_path_factory.mktemp("elsewhere")
    put(str(outside), "pkg/README.md")
    put(root, "a/CLAUDE.md")
    shutil.rmtree(f"{root}/{name}", ignore_errors=True)
    (Path(root) / name).symlink_to(outside)
    assert [path for path, _ in walk.files(root)] == ["a/CLAUDE.md"]
    assert not walk.is_walked(root, f"{name}/pkg/README.md")


def test_behind_a_link_to_a_whole_disk_the_walk_comes_to_an_end(
    root: str, tmp_path_factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path_factory.mktemp("elsewhere")
    for number in range(9):
        put(str(outside), f"{number}/CLAUDE.md")
    (Path(root) / "out").symlink_to(outside)
    monkeypatch.setattr(walk, "LINKED_FOLDERS", 5)
    assert len(scan(root)) == 4


def test_a_file_that_is_no_text_is_read_as_well_as_it_goes(root: str) -> None:
    (Path(root) / "a.md").write_bytes(b"Record: P-1\n\xff\xfe\x00")
    assert paths(scan(root)) == ["a.md"]


def test_only_what_changed_is_read_again(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(200):
        put(root, f"context/c{number % 40}/f{number}.md", f"Record: P-{number + 1}\n")
    scan(root)
    put(root, "context/c1/f1.md", "Record: P-2\nchanged")
    seen: list[str] = []
    read = tree.read
    monkeypatch.setattr(tree, "read", lambda path: seen.append(path) or read(path))
    assert paths(scan(root)) == ["context/c1/f1.md"]
    assert seen == [f"{root}/context/c1/f1.md"]


def recorded(root: str, session: str | None, path: str, text: str | None, tool: str = "Edit", **more: bool) -> None:
    if text is None:
        (Path(root) / path).unlink()
    else:
        put(root, path, text)
    with db.writing(root) as conn:
        edits.record(conn, session, tree.scan(conn, root, is_narrative), tool, **more)


def test_edits_are_a_sessions_own_with_tool_and_agent(root: str) -> None:
    scan(root)
    put(root, "a.md")
    with db.writing(root) as conn:
        edits.record(conn, "S-a", tree.scan(conn, root, is_narrative), "Write", agent="agent-7")
    (edit,) = tree.edits(root, "S-a")
    assert (edit["path"], edit["tool"], edit["agent"], edit["before_sha"]) == ("a.md", "Write", "agent-7", None)
    assert tree.edits(root, "S-b") == []


def test_the_net_change_begins_at_the_first_edit_and_follows_renames(root: str) -> None:
    put(root, "a.md", "Record: P-1\nfirst")
    scan(root)
    recorded(root, "S-a", "a.md", "Record: P-1\nsecond")
    (Path(root) / "a.md").rename(Path(root) / "b.md")
    recorded(root, "S-a", "b.md", "Record: P-1\nsecond", "Bash")
    recorded(root, "S-a", "b.md", "Record: P-1\nthird")
    with db.reading(root) as conn:
        base = edits.net(conn, "S-a")
        assert {path: tree.text(conn, sha) for path, sha in base.items()} == {"b.md": "Record: P-1\nfirst"}


def test_own_steps_are_told_apart_where_somebody_else_wrote_in_between(root: str) -> None:
    put(root, "a.md", "Record: P-1\n0")
    scan(root)
    recorded(root, "S-a", "a.md", "Record: P-1\n1")
    with db.reading(root) as conn:
        assert edits.own_steps(conn, "S-a", "a.md") == []
    recorded(root, None, "a.md", "Record: P-1\n2", "outside")
    recorded(root, "S-a", "a.md", "Record: P-1\n3")
    with db.reading(root) as conn:
        told = [tuple(tree.text(conn, sha)[-1] for sha in step) for step in edits.own_steps(conn, "S-a", "a.md")]
    assert told == [("0", "1"), ("2", "3")]


def test_what_changes_during_a_command_is_its_sessions(root: str) -> None:
    session = identity.bind(root, "a")
    with db.writing(root) as conn:
        edits.begin_command(conn, session, "t1")
        assert edits.suspect(conn, session) == (session, "Bash")
        assert edits.suspect(conn, "S-other") == (session, "Bash")
        edits.end_command(conn, "t1", background=False, session=session)
        assert edits.suspect(conn, session) == (None, "outside")


def test_what_changes_during_two_sessions_commands_is_one_of_theirs(root: str) -> None:
    one, other = sorted([identity.bind(root, "a"), identity.bind(root, "b")])
    scan(root)
    put(root, "a.md", "Record: P-1\n0")
    with db.writing(root) as conn:
        edits.begin_command(conn, one, "t1")
        edits.begin_command(conn, other, "t2")
        owner, tool = edits.suspect(conn, None)
        edits.record(conn, owner, tree.scan(conn, root, is_narrative), tool)
        assert edits.net(conn, one) == edits.net(conn, other) == {"a.md": None}
        assert edits.outside(conn, one, "") == {}
        assert edits.doubt(conn, one, "a.md").startswith(f"One of {one}, {other} changed it")
        assert edits.outside(conn, "S-third", "")["a.md"][2] == f"{one} or {other}"


def test_a_command_that_was_cut_off_is_suspected_no_longer_than_its_session_or_three_hours(root: str) -> None:
    dead, live = identity.bind(root, "a"), identity.bind(root, "b")
    with db.writing(root) as conn:
        edits.begin_command(conn, dead, "t1")
        edits.begin_command(conn, live, "t2", now=time.time() - 4 * 3600)
    identity.mark_ending(root, dead)
    with db.writing(root) as conn:
        edits.begin_command(conn, live, "t3")
        edits.end_command(conn, "t3", background=False, session=live)
        assert edits.suspect(conn, live) == (None, "outside")


def test_a_session_with_a_background_command_is_suspected_to_its_end(root: str) -> None:
    session = identity.bind(root, "a")
    with db.writing(root) as conn:
        edits.begin_command(conn, session, "t1")
        edits.end_command(conn, "t1", background=True, session=session)
        assert edits.suspect(conn, session) == (session, edits.BACKGROUND)
        assert edits.suspect(conn, None) == (None, "outside")


def test_an_author_who_speaks_late_takes_the_change_back(root: str) -> None:
    scan(root)
    recorded(root, None, "a.md", "Record: P-1\n", "outside")
    with db.writing(root) as conn:
        edits.claim(conn, "S-a", "a.md", tree.sha_of(conn, "a.md"), "Edit", None)
    assert [edit["tool"] for edit in tree.edits(root, "S-a")] == ["Edit"]


def test_a_sentence_is_told_once(root: str) -> None:
    with db.writing(root) as conn:
        assert told.fresh(conn, "S-a", ["one", "two"]) == ["one", "two"]
        assert told.fresh(conn, "S-a", ["two", "three"]) == ["three"]
        assert told.fresh(conn, "S-b", ["two"]) == ["two"]


def test_old_edits_of_closed_sessions_and_their_texts_are_let_go(root: str) -> None:
    session = identity.bind(root, "a")
    put(root, "a.md", "Record: P-1\n0")
    scan(root)
    recorded(root, session, "a.md", "Record: P-1\n1")
    identity.mark_closed(root, session)
    later = clock.epoch(clock.iso()) + 40 * 86_400
    tree.prune(root, now=later)
    assert tree.edits(root, session) == []
    with db.reading(root) as conn:
        assert [row[0] for row in conn.execute("select text from blob")] == ["Record: P-1\n1"]
