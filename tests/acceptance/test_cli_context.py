"""The context tree through the command line: its map, and its check."""

import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from onefirm.bootstrap import open_firm
from support.asked import chosen, question
from support.hook import Firm
from support.terminal import Terminal

ACME = "context/clients/acme-rockets/CLAUDE.md"
SITE = "context/clients/acme-rockets/launch-site/CLAUDE.md"


def change(onefirm: Terminal, path: str, old: str, new: str) -> int:
    """Change a file as an editor would; returns the line in which the change begins."""
    file = onefirm.root / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def faults(onefirm: Terminal) -> list[tuple[str, int, str]]:
    answer = onefirm("context", "check", "--json")
    found = answer.data["faults"]
    assert answer.code == int(bool(found)), answer.err
    assert all(fault["fix"] for fault in found)
    return [(fault["path"], fault["line"], fault["rule"]) for fault in found]


def created(onefirm: Terminal, kind: str, *given: str) -> str:
    """The ref of a new record."""
    onefirm.done("record", "create", kind, *given)
    title = given[0].partition("=")[2]
    return onefirm.data("record", "find", kind, "--text", title)["rows"][0]["ref"]


def texts(onefirm: Terminal) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in onefirm.root.rglob("*.md")}


@pytest.mark.row("NAR-01")
def test_the_demo_firms_tree_is_clean(shared: Terminal) -> None:
    answer = shared.done("context", "check")
    assert (answer.out, answer.err) == ("", "The context tree is clean.\n")
    assert "ok     narrative: the context tree is clean" in shared("doctor").out


@pytest.mark.row("NAR-01")
def test_the_tree_of_a_new_workspace_is_clean(tmp_path: Path) -> None:
    onefirm = Terminal(tmp_path)
    onefirm.done("init", str(tmp_path))
    assert faults(onefirm) == []


@pytest.mark.row("NAR-01")
def test_the_map_shows_each_file_below_its_parent_with_its_one_line(shared: Terminal) -> None:
    places = shared.data("context", "map")
    by_path = {place["path"]: place for place in places}
    site = by_path[SITE]
    assert (site["records"], site["depth"]) == (["P-1"], by_path[ACME]["depth"] + 1)
    assert site["line"] == "students understand in two minutes what a rocket can carry"
    assert 0 < site["tokens"] < 1000
    assert site["edited_at"].endswith("+00:00")
    assert len(by_path) == len(places) == len(list(shared.root.glob("context/**/*.md"))) + 1
    text = shared.done("context", "map").out
    assert f"        {SITE}" in text
    assert site["line"] in text


@pytest.mark.row("NAR-01")
def test_a_parent_must_name_each_child_and_a_child_must_point_back(onefirm: Terminal) -> None:
    change(onefirm, ACME, "- [Launch site](launch-site/CLAUDE.md): students", "- Launch site: students")
    line = change(onefirm, ACME, "](test-stand/", "](stand/")
    parent = change(onefirm, "context/clients/dune-couriers/CLAUDE.md", "](../CLAUDE.md)", "](../../CLAUD.md)")
    assert faults(onefirm) == [
        (ACME, line, "child"),
        (SITE, 1, "orphan"),
        (SITE.replace("launch-site", "test-stand"), 1, "orphan"),
        ("context/clients/dune-couriers/CLAUDE.md", parent, "parent"),
    ]
    text = onefirm("context", "check").out
    assert f"{ACME}:{line} child: names stand/CLAUDE.md, which isn't there" in text
    assert "       → it may have moved: test-stand/CLAUDE.md" in text
    assert "4 faults in 4 files of the context tree" in onefirm("doctor").out


@pytest.mark.row("NAR-02")
def test_a_record_and_a_link_that_are_not_there_are_found_in_their_lines(onefirm: Terminal) -> None:
    record = change(onefirm, SITE, "Record: P-1\n", "Record: P-99\n")
    link = change(onefirm, SITE, "The payload calculator", f"The [payload calculator]({'x' * 300}.pdf)")
    assert faults(onefirm) == [(SITE, record, "record"), (SITE, link, "link")]


@pytest.mark.row("NAR-02")
def test_what_the_tree_may_cost_stands_in_the_settings(onefirm: Terminal) -> None:
    settings = onefirm.root / "onefirm.yaml"
    settings.write_text(settings.read_text() + "context:\n  root_tokens: 400\n  chain_tokens: 1000\n")
    found = faults(onefirm)
    assert ("context/CLAUDE.md", 1, "budget") in found
    assert (ACME, 1, "budget") in found
    assert {rule for _, _, rule in found} == {"budget"}


@pytest.mark.row("NAR-02")
@pytest.mark.row("OPS-08")
def test_a_secret_in_the_tree_is_found_and_not_shown(onefirm: Terminal) -> None:
    token = "ghp_" + "a1B2" * 9
    line = change(onefirm, SITE, "## Open threads", f"The range's token is {token}.\n\n## Open threads")
    assert faults(onefirm) == [(SITE, line, "secret")]
    answer = onefirm("context", "check")
    assert token not in answer.out + answer.err


@pytest.mark.row("NAR-02")
@pytest.mark.row("OPS-08")
def test_every_password_and_account_in_the_tree_is_found_in_its_line(onefirm: Terminal) -> None:
    said = "password: hunter2-museum\n\nftp passwort geheim123!\n\nIBAN DE89 3704 0044 0532 0130 00"
    line = change(onefirm, SITE, "## Open threads", f"{said}\n\nPassword: in the keyring\n\n## Open threads")
    assert faults(onefirm) == [(SITE, line + more, "secret") for more in (0, 2, 4)]
    out = onefirm("context", "check").out
    assert (out.count("holds a password"), out.count("holds a bank account")) == (2, 1)


@pytest.mark.row("NAR-02")
def test_what_a_record_says_is_found_where_a_file_says_it_too(onefirm: Terminal) -> None:
    line = change(onefirm, SITE, "## Last decision", "The project is in review.\n\nDue: 2026-12-01\n\n## Last decision")
    assert faults(onefirm) == [(SITE, line, "state"), (SITE, line + 2, "state")]
    text = onefirm("context", "check").out
    assert "“The project is in review.”: This says that P-1 is review; the truth says delivery." in text


@pytest.mark.row("NAR-02")
def test_three_planted_faults_are_found_with_their_lines(onefirm: Terminal) -> None:
    delivery = (onefirm.root / "context/delivery/CLAUDE.md").read_text(encoding="utf-8")
    rule = "Every draft is read aloud to somebody who will never use it, because the ear finds what the eye forgives."
    again = "Because the ear finds what the eye forgives, each draft is read aloud to somebody who will never use it."
    (onefirm.root / "context/delivery/CLAUDE.md").write_text(f"{delivery}\n{rule}\n", encoding="utf-8")
    kept = delivery.count("\n") + 2
    copy = change(onefirm, SITE, "## Open threads", f"{again}\n\n## Open threads")
    state = change(onefirm, SITE, "## Last decision", "The launch site's deadline is 4 March.\n\n## Last decision")
    gone = change(onefirm, ACME, "](test-stand/", "](stand/")
    copy += 2 * (state < copy)
    assert faults(onefirm) == [
        (ACME, gone, "child"),
        *sorted([(SITE, state, "state"), (SITE, copy, "duplicate")]),
        (SITE.replace("launch-site", "test-stand"), 1, "orphan"),
    ]
    text = onefirm("context", "check").out
    assert f"{SITE}:{copy} duplicate: “{again}” stands in context/delivery/CLAUDE.md:{kept} too" in text
    assert "keep it there, where it holds for more; link it here: [Delivery](../../../delivery/CLAUDE.md)" in text


@pytest.mark.row("NAR-02")
def test_a_comment_that_hides_the_rest_of_a_file_is_found_in_its_line_and_new_opens_none(onefirm: Terminal) -> None:
    onefirm.done("context", "new", "context/knowledge/ropes.md", "see <!-- open")
    assert faults(onefirm) == []
    line = change(onefirm, SITE, "## Open threads", "<!-- for later\n\n## Open threads")
    assert faults(onefirm) == [(SITE, line, "comment")]
    said = onefirm("context", "check").out
    assert f"{SITE}:{line} comment: a comment is never closed: Claude reads nothing of what stands behind it" in said


@pytest.mark.row("NAR-02")
def test_mending_shows_the_changes_and_needs_a_yes(onefirm: Terminal) -> None:
    change(onefirm, ACME, "- [Launch site](launch-site/CLAUDE.md): students", "- Launch site: students")
    change(onefirm, SITE, "Parent: [Acme Rockets](../CLAUDE.md)\n", "")
    before = texts(onefirm)
    asked = onefirm("context", "check", "--fix")
    assert asked.code == 1
    assert "nobody can be asked here" in asked.err
    assert texts(onefirm) == before
    assert "`onefirm context check --fix` mends what needs no decision." in onefirm("context", "check").err
    done = onefirm("context", "check", "--fix", "--yes")
    assert (done.code, done.out) == (0, "")
    for line in (f"--- a/{SITE}", f"+++ b/{SITE}", "+Parent: [Acme Rockets](../CLAUDE.md)", "Mended 2 of 2 files."):
        assert line in done.err.splitlines()
    assert "- Launch site: students" in (onefirm.root / ACME).read_text(encoding="utf-8")
    mended = texts(onefirm)
    again = onefirm("context", "check", "--fix", "--yes", "--json")
    assert (again.code, again.data) == (0, {"faults": [], "mended": []})
    assert texts(onefirm) == mended


@pytest.mark.row("NAR-02")
def test_a_file_that_moved_is_followed_by_its_links_and_named_in_its_new_place(onefirm: Terminal) -> None:
    stand = onefirm.root / SITE.replace("launch-site/CLAUDE.md", "test-stand")
    stand.rename(onefirm.root / "context/clients/dune-couriers/test-stand")
    done = onefirm("context", "check", "--fix", "--yes", "--json")
    assert (done.code, done.data["faults"]) == (0, [])
    assert done.data["mended"] == [ACME, "context/clients/dune-couriers/CLAUDE.md"]
    text = (onefirm.root / ACME).read_text(encoding="utf-8")
    assert "- [Test stand page](../dune-couriers/test-stand/CLAUDE.md): who may stand" in text


@pytest.mark.row("NAR-02")
def test_what_somebody_must_decide_is_left_to_them(onefirm: Terminal) -> None:
    line = change(onefirm, SITE, "## Last decision", "The project is in review.\n\n## Last decision")
    before = texts(onefirm)
    answer = onefirm("context", "check", "--fix", "--yes", "--json")
    assert (answer.code, answer.data["mended"]) == (1, [])
    (fault,) = answer.data["faults"]
    assert (fault["path"], fault["line"], fault["is_mechanical"]) == (SITE, line, False)
    assert texts(onefirm) == before


@pytest.mark.row("NAR-02")
def test_a_file_that_an_editor_saves_meanwhile_is_left_to_them(onefirm: Terminal) -> None:
    change(onefirm, SITE, "Parent: [Acme Rockets](../CLAUDE.md)\n", "")
    change(onefirm, "context/clients/dune-couriers/CLAUDE.md", "Parent: [Clients](../CLAUDE.md)\n", "")
    with open_firm(onefirm.root) as firm:
        planned = firm.day.plan_context_mends()
        change(onefirm, SITE, "## Last decision", "A sentence of theirs.\n\n## Last decision")
        left = firm.day.mend_context(planned)
    assert left == {SITE: f"{SITE} changed just now. Repeat the command."}
    assert "A sentence of theirs.\n" in (onefirm.root / SITE).read_text(encoding="utf-8")
    assert faults(onefirm) == [(SITE, 1, "parent")]
    onefirm.done("context", "check", "--fix", "--yes")
    assert "A sentence of theirs.\n" in (onefirm.root / SITE).read_text(encoding="utf-8")


@pytest.mark.row("NAR-02")
def test_a_mending_that_is_killed_half_way_is_finished_by_the_next(onefirm: Terminal) -> None:
    for path in (SITE, "context/clients/dune-couriers/CLAUDE.md"):
        (onefirm.root / path).chmod(0o640)
        change(onefirm, path, "Parent: [", "Parent: (")
    with open_firm(onefirm.root) as firm:
        planned = firm.day.plan_context_mends()
        firm.day.mend_context(planned[:1])
        (onefirm.root / ".onefirm/context.draft").write_text(planned[1].after[:40], encoding="utf-8")
    assert len(faults(onefirm)) == 1
    onefirm.done("context", "check", "--fix", "--yes")
    assert {path: (onefirm.root / path).stat().st_mode & 0o777 for path in (one.path for one in planned)} == {
        one.path: 0o640 for one in planned
    }


@pytest.mark.row("NAR-02")
def test_what_is_no_text_or_lies_outside_is_not_written(onefirm: Terminal, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("# Outside\n", encoding="utf-8")
    (onefirm.root / "context/knowledge/outside.md").symlink_to(tmp_path / "outside.md")
    (onefirm.root / "context/knowledge/latin.md").write_bytes("# Größe\n".encode("latin-1"))
    answer = onefirm("context", "check", "--fix", "--yes")
    assert "latin.md isn't plain UTF-8" in answer.err
    assert "outside.md lies behind a link that leads out of the workspace" in answer.err
    assert (tmp_path / "outside.md").read_text(encoding="utf-8") == "# Outside\n"
    assert (onefirm.root / "context/knowledge/latin.md").read_bytes() == "# Größe\n".encode("latin-1")


@pytest.mark.row("NAR-01")
def test_a_parent_that_can_not_be_written_stays_as_it_is_and_nothing_is_made(onefirm: Terminal, tmp_path: Path) -> None:
    parent, outside = onefirm.root / "context/knowledge/CLAUDE.md", tmp_path / "outside.md"
    parent.rename(outside)
    parent.symlink_to(outside)
    before = outside.read_bytes()
    answer = onefirm("context", "new", "context/knowledge/ropes.md", "how a group decides")
    assert answer.code == 1
    assert "CLAUDE.md lies behind a link that leads out of the workspace." in answer.err
    assert (outside.read_bytes(), (parent.parent / "ropes.md").exists()) == (before, False)
    parent.unlink()
    parent.write_bytes("# Größe\n\nParent: [The firm](../CLAUDE.md)\n".encode("latin-1"))
    answer = onefirm("context", "new", "context/knowledge/ropes.md", "how a group decides")
    assert "context/knowledge/CLAUDE.md isn't plain UTF-8." in answer.err
    assert "→ Save it as UTF-8, then repeat the command." in answer.err


@pytest.mark.row("NAR-01")
def test_a_parent_keeps_its_mode_its_line_ends_and_the_link_that_it_lies_behind(onefirm: Terminal) -> None:
    parent, behind = onefirm.root / "context/knowledge/CLAUDE.md", onefirm.root / "knowledge.txt"
    behind.write_bytes(parent.read_bytes().replace(b"\n", b"\r\n"))
    behind.chmod(0o640)
    parent.unlink()
    parent.symlink_to(behind)
    onefirm.done("context", "new", "context/knowledge/ropes.md", "how a group decides")
    assert (parent.is_symlink(), behind.stat().st_mode & 0o777) == (True, 0o640)
    assert behind.read_bytes().count(b"\n") == behind.read_bytes().count(b"\r\n")
    assert b"- [Ropes](ropes.md): how a group decides\r\n" in behind.read_bytes()


@pytest.mark.row("NAR-01", "NAR-07")
def test_a_new_file_of_a_record_is_named_by_its_parent_and_points_back(onefirm: Terminal) -> None:
    client = created(onefirm, "client", "title=Élan & Sons [Lyon]")
    project = created(onefirm, "project", "title=Wine list", f"client={client}")
    assert f"Make the file of {client} first" in onefirm("context", "new", project, "one page for each table").err
    place = "context/clients/elan-sons-lyon"
    assert onefirm.done("context", "new", client, "two brothers and a cellar").out == f"{place}/CLAUDE.md\n"
    made = onefirm.done("context", "new", project.lower(), "one page for each table").out.strip()
    assert made == f"{place}/wine-list/CLAUDE.md"
    tags = created(onefirm, "deliverable", "title=Carafe tags", f"project={project}")
    below = onefirm.done("context", "new", tags, "what a guest reads first").out.strip()
    assert below == f"{place}/wine-list/carafe-tags/CLAUDE.md"
    onefirm.done("context", "new", f"{place}/cellar.md", "who may go down")
    assert faults(onefirm) == []
    assert f"Record: {project}\nParent: [Élan & Sons Lyon](../CLAUDE.md)\n" in (onefirm.root / made).read_text()
    lines = (onefirm.root / "context/clients/CLAUDE.md").read_text().splitlines()
    assert lines[-1] == "- [Élan & Sons Lyon](elan-sons-lyon/CLAUDE.md): two brothers and a cellar"
    by_path = {one["path"]: one for one in onefirm.data("context", "map")}
    assert by_path[made]["line"] == "one page for each table"
    assert by_path[f"{place}/cellar.md"]["title"] == "Cellar"


@pytest.mark.row("NAR-01")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("P-1", "again"), "has a file already"),
        (("CP-2", "an article"), "--at PATH"),
        (("P-999", "nobody"), "P-999"),
        (("context/delivery", "twice"), "is there already"),
        (("README.md", "outside"), "no place in the context tree"),
        (("../x.md", "outside"), "no place in the context tree"),
        (("context/" + "x" * 300, "too long"), "no place in the context tree"),
        (("context/a.md", "ghp_" + "a1B2" * 9), "GitHub token"),
        (("context/a.md", "  "), "one line"),
        (("context/a.md", "as [the other](gone.md) says"), "The line links to gone.md, which isn't there."),
    ],
)
def test_what_can_not_be_made_is_refused_and_changes_nothing(
    onefirm: Terminal, words: tuple[str, str], said: str
) -> None:
    before = texts(onefirm)
    answer = onefirm("context", "new", *words)
    assert answer.code == 1
    assert said in answer.err
    assert texts(onefirm) == before


ARCHIVED = SITE.replace("context/", "context/archive/")


def done(onefirm: Terminal, ref: str = "P-1") -> None:
    for status in ("review", "done"):
        onefirm.done("record", "update", ref, f"status={status}")


@pytest.mark.row("NAR-07")
def test_the_files_of_a_closed_engagement_go_into_the_archive_and_all_that_named_them_follows(
    onefirm: Terminal,
) -> None:
    (onefirm.root / SITE).with_name("range.pdf").write_bytes(b"%PDF")
    change(onefirm, SITE, "The payload calculator", "The [payload calculator](range.pdf), for [Acme](../CLAUDE.md),")
    change(
        onefirm, "context/delivery/first-weeks.md", "\n\n", f"\n\nAs [there](../../{SITE}#why).\n\n@../../{SITE}\n\n"
    )
    done(onefirm)
    answer = onefirm.done("context", "close", "p-1", "--anyway", "--why", "it flies")
    assert answer.out == f"{ARCHIVED}\n"
    assert faults(onefirm) == []
    assert [one for one in onefirm.data("doctor")["findings"] if one["area"] == "permissions"] == []
    assert not (onefirm.root / SITE).parent.exists()
    assert (onefirm.root / ARCHIVED).with_name("range.pdf").exists()
    text = (onefirm.root / ARCHIVED).read_text()
    assert "Parent: [Archive](../../../CLAUDE.md)" in text
    assert "[payload calculator](range.pdf), for [Acme](../../../../clients/acme-rockets/CLAUDE.md)," in text
    listed = (onefirm.root / "context/archive/CLAUDE.md").read_text().splitlines()[-1]
    told = "students understand in two minutes what a rocket can carry; closed 20"
    assert listed.startswith(f"- [Launch site](clients/acme-rockets/launch-site/CLAUDE.md): {told}")
    assert "Launch site" not in (onefirm.root / ACME).read_text()
    weeks = (onefirm.root / "context/delivery/first-weeks.md").read_text()
    where = "../archive/clients/acme-rockets/launch-site/CLAUDE.md"
    assert f"As [there]({where}#why).\n\n[launch-site]({where})\n" in weeks
    said = onefirm.done("ledger", "log", "--about", "P-1", "--limit", "1").out
    assert f"The operator moved the files of P-1 into the archive: {ARCHIVED}, because: it flies." in said
    assert [path.name for path in (onefirm.root / ".onefirm").iterdir() if path.stat().st_mode & 0o077] == []


@pytest.mark.row("NAR-07")
def test_what_was_closed_keeps_its_history_in_git_and_can_be_taken_back(onefirm: Terminal) -> None:
    done(onefirm)
    commit = re.findall(r"git revert (\w+)", onefirm.done("context", "close", "P-1", "--anyway").err)[0]
    git = ("git", "-C", str(onefirm.root), "-c", "user.name=me", "-c", "user.email=me@localhost")
    log = [*git, "log", "--follow", "--format=%s", "--", ARCHIVED]
    assert len(subprocess.run(log, capture_output=True, text=True, check=True).stdout.splitlines()) > 1
    subprocess.run([*git, "revert", "--no-edit", commit], check=True, capture_output=True)
    assert (onefirm.root / SITE).exists()
    assert faults(onefirm) == []


@pytest.mark.row("NAR-07")
def test_files_stay_while_their_record_or_one_below_it_is_open(onefirm: Terminal) -> None:
    before = {path: path.read_bytes() for path in onefirm.root.rglob("*.md")}
    answer = onefirm("context", "close", "P-1")
    assert (answer.code, "is open: its status is delivery" in answer.err) == (1, True)
    onefirm.done("record", "update", "CL-1", "status=former")
    answer = onefirm("context", "close", "CL-1")
    assert (answer.code, "P-9 “Test stand page” (discovery)" in answer.err, "and 4 more." in answer.err) == (
        1,
        True,
        True,
    )
    assert "no file of its own" in onefirm("context", "close", "T-1", "--anyway").err
    assert {path: path.read_bytes() for path in onefirm.root.rglob("*.md")} == before
    onefirm.done("context", "close", "CL-1", "--anyway")
    assert faults(onefirm) == []


@pytest.mark.row("NAR-07")
def test_files_stay_while_a_record_that_points_at_theirs_is_open(onefirm: Terminal) -> None:
    answer = onefirm("context", "close", "P-3")
    assert answer.code == 1
    assert "What belongs to P-3 is still open: INV-8 “Packing handbook, whole sum” (draft)." in answer.err
    for status in ("sent", "paid"):
        onefirm.done("record", "update", "INV-8", f"status={status}")
    onefirm.done("context", "close", "P-3")


@pytest.mark.row("MEM-01")
def test_an_engagement_ends_with_its_final_record_once_nothing_of_it_waits(
    onefirm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = created(onefirm, "client", "title=Elm Bakery")
    project = created(onefirm, "project", "title=Bread list", f"client={client}")
    invoice = created(onefirm, "invoice", "title=All", f"project={project}", "amount=1200 EUR")
    payment = created(onefirm, "payment", "title=All", f"invoice={invoice}", "amount=1200 EUR")
    onefirm.done("decision", "record", "Rye comes first", "--why", "they sell most of it", "--about", project)
    onefirm.done("lesson", "record", "Taste before you price.", "--why", "we had to ask twice", "--about", project)
    for change in ("status=sent", "status=paid"):
        onefirm.done("record", "update", invoice, change)
    onefirm.done("record", "update", payment, "status=received")
    chosen(Firm(onefirm.root, client="baker"), question(), "One file")
    monkeypatch.setenv("CLAUDECODE", "1")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "baker")
    onefirm.done("record", "get", project)
    monkeypatch.undo()
    onefirm.done("record", "update", project, "status=cancelled")
    refused = onefirm("context", "close", project)
    assert (refused.code, "the choice “Where do we keep the calendar? One file”" in refused.err) == (1, True)
    onefirm.done("decision", "choices", "--forget", "1")
    ended = re.findall(r"final record is (DEC-\d+)", onefirm.done("context", "close", project, "--why", "no oven").err)
    assert ended == re.findall(r"final record is (DEC-\d+)", onefirm.done("context", "close", project).err)
    newest = onefirm.data("decision", "list", "--about", project)["rows"][0]
    assert (newest["ref"], newest["what"], newest["why"]) == (
        ended[0], f"Bread list ({project}) is over: cancelled.", "no oven",
    )  # fmt: skip
    assert newest["evidence"] == [
        "decided: DEC-13",
        f"clients: {client} (active)",
        f"invoices: {invoice} (paid, 1200.00 EUR)",
        f"payments: {payment} (received, 1200.00 EUR)",
        "learned: L-9",
    ]
    assert f"Nothing more is decided about {project}" in onefirm(
        "decision", "record", "Wheat", "--why", "x", "--about", project
    ).err  # fmt: skip


@pytest.mark.row("NAR-07")
def test_taking_a_close_back_brings_words_that_git_never_had(onefirm: Terminal) -> None:
    git = ("git", "-C", str(onefirm.root), "-c", "user.name=me", "-c", "user.email=me@localhost")
    client = created(onefirm, "client", "title=Elm Bakery")
    project = created(onefirm, "project", "title=Bread list", f"client={client}")
    places = [
        onefirm.done("context", "new", ref, line).out.strip() for ref, line in ((client, "bread"), (project, "a list"))
    ]
    for place in places:
        (onefirm.root / place).write_text(f"{(onefirm.root / place).read_text()}\nThe oven is older than we are.\n")
    onefirm.done("record", "update", project, "status=cancelled")
    before = texts(onefirm)
    said = onefirm.done("context", "close", project).err
    log = subprocess.run([*git, "log", "-2", "--format=%s"], capture_output=True, text=True, check=True).stdout
    assert f"Keep the narrative as it was before closing {project}" in log
    commit = re.findall(r"git revert (\w+)", said)[0]
    subprocess.run([*git, "revert", "--no-edit", commit], check=True, capture_output=True)
    assert texts(onefirm) == before


@pytest.mark.row("NAR-07")
def test_a_close_waits_where_git_can_not_keep_what_was_there(onefirm: Terminal) -> None:
    done(onefirm)
    change(onefirm, SITE, "## Open threads", "Nobody kept this yet.\n\n## Open threads")
    head = ["git", "-C", str(onefirm.root), "rev-parse", "HEAD"]
    merging = subprocess.run(head, capture_output=True, text=True, check=True).stdout
    (onefirm.root / ".git/MERGE_HEAD").write_text(merging)
    before = texts(onefirm)
    answer = onefirm("context", "close", "P-1", "--anyway")
    assert (answer.code, "a merge is under way" in answer.err) == (1, True)
    assert texts(onefirm) == before
    (onefirm.root / ".git/MERGE_HEAD").unlink()
    onefirm.done("context", "close", "P-1", "--anyway")


@pytest.mark.row("NAR-07")
def test_a_second_close_changes_nothing_and_a_second_engagement_finds_its_own_place(onefirm: Terminal) -> None:
    done(onefirm)
    onefirm.done("context", "close", "P-1", "--anyway")
    before = {path: path.read_bytes() for path in onefirm.root.rglob("*.md")}
    again = onefirm.done("context", "close", "P-1")
    assert (again.out, "was closed before" in again.err) == (f"{ARCHIVED}\n", True)
    assert {path: path.read_bytes() for path in onefirm.root.rglob("*.md")} == before
    made = onefirm.done("context", "new", "P-1", "it flies again").out.strip()
    assert made == SITE
    second = onefirm.done("context", "close", "P-1", "--anyway").out.strip()
    assert second == ARCHIVED.replace("launch-site", "launch-site-p-1")
    assert faults(onefirm) == []
    assert len({one["path"] for one in onefirm.data("context", "map")} & {second, ARCHIVED}) == 2


@pytest.mark.row("NAR-07")
def test_a_file_that_was_deleted_is_made_again_where_its_parent_still_names_it(onefirm: Terminal) -> None:
    parent = (onefirm.root / ACME).read_bytes()
    (onefirm.root / SITE).unlink()
    answer = onefirm.done("context", "new", "P-1", "something else")
    assert (answer.out, answer.err) == (f"{SITE}\n", f"Named in {ACME} already; that line stays.\n")
    assert (onefirm.root / ACME).read_bytes() == parent
    assert faults(onefirm) == []


def freshness(onefirm: Terminal, path: str) -> dict[str, Any]:
    return next(one for one in onefirm.data("context", "fresh") if one["path"] == path)


@pytest.mark.row("NAR-08")
def test_a_file_tells_that_its_record_moved_since_until_somebody_edits_or_confirms_it(onefirm: Terminal) -> None:
    assert freshness(onefirm, SITE)["moved"] == []
    onefirm.done("record", "update", "P-1", "status=review")
    first = onefirm.data("context", "fresh")[0]
    assert (first["path"], first["confirmed_at"]) == (SITE, None)
    assert first["moved"][0]["what"] == "P-1 Launch site: status delivery → review (operator)"
    lines = onefirm.done("context", "fresh").out.splitlines()
    assert "status delivery → review" in lines[1]
    place = next(one for one in onefirm.data("context", "map") if one["path"] == SITE)
    assert place["moved"] == first["moved"]
    assert onefirm.done("context", "confirm", SITE, "--why", "read it").out == f"{SITE}\n"
    held = freshness(onefirm, SITE)
    assert (held["moved"], held["confirmed_by"]) == ([], "operator")
    onefirm.done("record", "update", "P-1", "status=done")
    assert freshness(onefirm, SITE)["moved"][0]["what"].startswith("P-1 Launch site: status review → done")
    change(onefirm, SITE, "## Open threads", "Nobody asked for the calendar again.\n\n## Open threads")
    edited = freshness(onefirm, SITE)
    assert (edited["moved"], edited["edited_by"], edited["confirmed_by"]) == ([], "", "operator")
    said = onefirm.done("ledger", "log", "--about", "P-1", "--kind", "narrative.").out
    assert f"The operator confirmed that {SITE} about P-1 still holds, because: read it." in said


@pytest.mark.row("NAR-08")
def test_days_are_those_of_the_firms_time_zone(onefirm: Terminal) -> None:
    settings = onefirm.root / "onefirm.yaml"
    zone = re.sub(r"(?m)^timezone:.*$", "timezone: Pacific/Kiritimati", settings.read_text())
    settings.write_text(zone)
    late = datetime(2026, 11, 20, 22, 0, tzinfo=UTC).timestamp()  # noon of the next day there
    os.utime(onefirm.root / "context/operations/week.md", (late, late))
    shown = {line.split()[0]: line for line in onefirm.done("context", "map").out.splitlines()}
    assert "2026-11-21" in shown["context/operations/week.md"]
    [week] = [line for line in onefirm.done("context", "fresh").out.splitlines() if "operations/week.md" in line]
    assert "2026-11-21" in week


@pytest.mark.row("NAR-08")
def test_what_was_confirmed_stays_so_in_the_archive_and_when_the_close_is_taken_back(onefirm: Terminal) -> None:
    onefirm.done("context", "confirm", SITE)
    done(onefirm)
    said = onefirm.done("context", "close", "P-1", "--anyway").err
    assert freshness(onefirm, ARCHIVED)["confirmed_by"] == "operator"
    git = ("git", "-C", str(onefirm.root), "-c", "user.name=me", "-c", "user.email=me@localhost")
    commit = re.findall(r"git revert (\w+)", said)[0]
    subprocess.run([*git, "revert", "--no-edit", commit], check=True, capture_output=True)
    assert freshness(onefirm, SITE)["confirmed_by"] == "operator"


@pytest.mark.row("NAR-07")
def test_the_first_project_after_the_last_one_was_closed_stands_where_that_stood(onefirm: Terminal) -> None:
    for ref in ("P-7", "P-8"):
        onefirm.done("context", "close", ref, "--anyway")
    project = created(onefirm, "project", "title=Winter tours", "client=CL-4")
    onefirm.done("context", "new", project, "ten more phones")
    text = (onefirm.root / "context/clients/dune-couriers/CLAUDE.md").read_text()
    assert "## Projects\n\n- [Winter tours](winter-tours/CLAUDE.md): ten more phones\n" in text
    assert faults(onefirm) == []


@pytest.mark.row("NAR-08")
def test_a_move_that_was_taken_back_and_what_onefirm_writes_itself_make_no_file_old(onefirm: Terminal) -> None:
    onefirm.done("record", "update", "P-1", "status=review")
    onefirm.done("record", "undo", "P-1")
    onefirm.done("session", "close")
    assert [one["path"] for one in onefirm.data("context", "fresh") if one["moved"]] == []
    assert "No record moved since." in onefirm.done("context", "fresh").err


@pytest.mark.row("NAR-08")
def test_what_says_otherwise_than_its_record_can_not_be_confirmed(onefirm: Terminal) -> None:
    line = change(onefirm, SITE, "## Last decision", "The project is in review.\n\n## Last decision")
    answer = onefirm("context", "confirm", ACME, SITE)
    assert answer.code == 1
    assert f"{SITE}:{line} can't be confirmed: “The project is in review.”" in answer.err
    assert [freshness(onefirm, path)["confirmed_at"] for path in (ACME, SITE)] == [None, None]
    answer = onefirm("context", "confirm", "context/clients/acme-rocket")
    assert "Did you mean context/clients/acme-rockets/CLAUDE.md?" in answer.err
    assert onefirm.done("context", "confirm", f"{onefirm.root}/context/clients/acme-rockets/").out == f"{ACME}\n"


@pytest.mark.row("NAR-08")
def test_a_path_is_meant_as_seen_from_the_folder_or_from_the_workspace_and_never_guessed(
    onefirm: Terminal, tmp_path: Path
) -> None:
    acme = Terminal((onefirm.root / ACME).parent)
    answer = acme("context", "confirm", "CLAUDE.md")
    assert answer.code == 1
    assert f"CLAUDE.md may be {ACME} or CLAUDE.md." in answer.err
    assert "→ Write ./CLAUDE.md for the first, ../../../CLAUDE.md for the second." in answer.err
    assert onefirm.data("ledger", "log", "--kind", "narrative.confirmed") == []
    assert acme.done("context", "confirm", "./CLAUDE.md").out == f"{ACME}\n"
    assert acme.done("context", "confirm", "../../../CLAUDE.md").out == "CLAUDE.md\n"
    assert (
        acme.done("context", "confirm", "launch-site", "context/delivery").out
        == f"{SITE}\ncontext/delivery/CLAUDE.md\n"
    )
    assert onefirm.done("context", "confirm", "CLAUDE.md").out == "CLAUDE.md\n"
    (tmp_path / "link").symlink_to(onefirm.root)
    (onefirm.root / "here").symlink_to((onefirm.root / ACME).parent)
    assert onefirm.done("context", "confirm", f"{tmp_path}/link/{SITE}", "here").out == f"{SITE}\n{ACME}\n"
    linked = Terminal(tmp_path / "link" / "context" / "clients")
    assert linked.done("context", "confirm", "acme-rockets/CLAUDE.md").out == f"{ACME}\n"
    assert "There is no context file ../../../out.md." in linked("context", "confirm", "../../../out.md").err


@pytest.mark.row("NAR-01")
def test_a_new_file_is_made_where_its_path_leads_from_the_folder_or_the_workspace(onefirm: Terminal) -> None:
    knowledge = Terminal(onefirm.root / "context" / "knowledge")
    for given, made in (
        ("ropes.md", "context/knowledge/ropes.md"),
        ("context/knowledge/knots.md", "context/knowledge/knots.md"),
        ("../delivery/winches.md", "context/delivery/winches.md"),
        (f"{onefirm.root}/context/delivery/crews", "context/delivery/crews/CLAUDE.md"),
    ):
        assert knowledge.done("context", "new", given, "what it is").out == f"{made}\n"
    assert "no place in the context tree" in knowledge("context", "new", "../../x.md", "outside").err
    knowledge.done("context", "new", "./context/old.md", "another context")
    answer = knowledge("context", "new", "context/new.md", "which one")
    assert "context/new.md may be context/knowledge/context/new.md or context/new.md." in answer.err
    assert knowledge.done("context", "new", "P-9", "a tour", "--at", "./tour.md").out == "context/knowledge/tour.md\n"
    assert faults(onefirm) == []
