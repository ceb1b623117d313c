"""The check of the context tree: each fault with its file, line and fix, and nothing in a whole tree."""

import pytest

from onefirm.narrative.faults import Fault
from support.context_tree import ACME, CLIENTS, WHOLE, changed, faults, world


def told(found: list[Fault]) -> list[tuple[str, int, str]]:
    return [(fault.path, fault.line, fault.rule) for fault in found]


def only(found: list[Fault]) -> Fault:
    assert len(found) == 1, found
    return found[0]


def test_a_whole_tree_has_no_faults() -> None:
    assert faults(WHOLE) == []


def test_a_file_that_nobody_names_is_an_orphan_with_the_line_for_its_parent() -> None:
    fault = only(faults(changed(CLIENTS, "- [Acme](acme/CLAUDE.md): rockets\n", "")))
    assert (fault.path, fault.line, fault.rule) == (ACME, 1, "orphan")
    assert f"{CLIENTS}:3: - [Acme](acme/CLAUDE.md)" in fault.fix


def test_the_line_for_a_child_goes_behind_the_last_one() -> None:
    two = changed(CLIENTS, "rockets\n", "rockets\n\nMore words.\n")
    two["context/clients/bert/CLAUDE.md"] = "# Bert\n\nParent: [Clients](../CLAUDE.md)\n"
    assert f"{CLIENTS}:5: - [Bert](bert/CLAUDE.md)" in only(faults(two)).fix


def test_a_file_that_is_named_elsewhere_is_not_enough_for_its_parent() -> None:
    texts = changed(CLIENTS, "- [Acme](acme/CLAUDE.md): rockets\n", "We like [Acme](acme/CLAUDE.md).\n")
    assert told(faults(texts)) == [(ACME, 1, "child")]


def test_a_child_that_is_named_twice_is_a_fault_of_the_second_line() -> None:
    texts = changed(CLIENTS, "rockets\n", "rockets\n- [Acme again](acme/): rockets too\n")
    fault = only(faults(texts))
    assert (fault.path, fault.line, fault.rule) == (CLIENTS, 6, "child")
    assert "first in line 5" in fault.what


def test_a_line_whose_child_is_gone_names_where_it_may_have_gone() -> None:
    texts = changed(CLIENTS, "acme/", "acme-rockets/")
    found = faults(texts)
    assert told(found) == [(CLIENTS, 5, "child"), (ACME, 1, "orphan")]
    moved = changed(CLIENTS, "](acme/", "](old/acme/")
    assert "it may have moved: acme/CLAUDE.md" in faults(moved)[0].fix


@pytest.mark.parametrize(
    ("line", "at", "what"),
    [
        ("", 1, "has no `Parent:` line"),
        ("Parent: Clients\n", 4, "holds no link"),
        ("Parent: [Clients](../clients.md)\n", 4, "no such file"),
        ("Parent: [Clients](../../../../x.md)\n", 4, "no such file"),
        ("Parent: [Itself](CLAUDE.md)\n", 4, "no CLAUDE.md above"),
        ("Parent: [Other](../bert/CLAUDE.md)\n", 4, "no CLAUDE.md above"),
    ],
)
def test_a_file_that_does_not_point_back_is_told_the_line_to_write(line: str, at: int, what: str) -> None:
    texts = changed(ACME, "Parent: [Clients](../CLAUDE.md)\n", line)
    texts[CLIENTS] += "- [Bert](bert/CLAUDE.md): hats\n"
    texts["context/clients/bert/CLAUDE.md"] = "# Bert\n\nParent: [Clients](../CLAUDE.md)\n"
    fault = only(faults(texts))
    assert (fault.path, fault.line, fault.rule) == (ACME, at, "parent")
    assert what in fault.what
    assert fault.fix.endswith("Parent: [Clients](../CLAUDE.md)")


def test_a_file_that_is_no_claude_file_has_a_place_too() -> None:
    texts = {**WHOLE, "context/clients/manners.md": "# Manners\n\nParent: [Clients](CLAUDE.md)\n"}
    assert told(faults(texts)) == [("context/clients/manners.md", 1, "orphan")]
    texts[CLIENTS] += "- [Manners](manners.md): how we speak\n"
    assert faults(texts) == []


def test_a_tree_that_the_root_does_not_import_is_not_read() -> None:
    fault = only(faults(changed("CLAUDE.md", "@context/CLAUDE.md", "")))
    assert (fault.path, fault.rule) == ("context/CLAUDE.md", "orphan")
    assert "@context/CLAUDE.md" in fault.fix


def test_a_tree_without_a_root_says_what_lays_one() -> None:
    texts = {ACME: WHOLE[ACME].replace("Parent: [Clients](../CLAUDE.md)\n", "")}
    assert "onefirm init" in only(faults(texts)).fix


def test_what_a_program_writes_has_no_place_in_the_tree() -> None:
    assert faults({**WHOLE, "context/log/2026.md": "# 2026\n"}) == []


def test_a_link_to_nothing_is_found_and_one_to_any_file_of_the_workspace_is_not() -> None:
    line = "They count. [Plan](plan.pdf), [deck](deck.pdf#page=2), [site](https://x.example), [above](#acme)\n"
    texts = changed(ACME, "They count.\n", line)
    fault = only(faults(texts, world(there=["context/clients/acme/plan.pdf"])))
    assert (fault.path, fault.line, fault.rule) == (ACME, 6, "link")
    assert "deck.pdf" in fault.what


@pytest.mark.parametrize("end", ["", " and --", "\n\n```\n-->\n```\n", "\n<!-- again"])
def test_a_comment_that_is_never_closed_hides_all_behind_it_and_is_found_in_its_line(end: str) -> None:
    fault = only(faults(changed(ACME, "They count.\n", f"They <!-- count -->.\n\nSee <!-- what{end}")))
    assert (fault.path, fault.line, fault.rule) == (ACME, 8, "comment")
    assert "`-->`" in fault.fix


@pytest.mark.parametrize("text", ["`<!--` opens one.", "```\n<!--\n```", "<!-- one\nof two lines -->", "a --> b"])
def test_a_comment_that_is_closed_or_stands_in_code_is_no_fault(text: str) -> None:
    assert faults(changed(ACME, "They count.", text)) == []


@pytest.mark.parametrize("to", ["../../../../elsewhere.md", "/etc/hosts"])
def test_a_link_out_of_the_workspace_is_found(to: str) -> None:
    assert "out of the workspace" in only(faults(changed(ACME, "They count.", f"[x]({to})"))).what


def test_an_import_of_nothing_is_found() -> None:
    assert "rules.md" in only(faults(changed("CLAUDE.md", "@context", "@rules.md\n@context"))).what


@pytest.mark.parametrize(
    "hidden",
    ["`[x](gone.md)`", "```\n[x](gone.md)\n```", "<!--\n[x](gone.md)\n-->", "mail@gone.md", "[x](mailto:a@b.de)"],
)
def test_what_is_no_link_is_not_looked_for(hidden: str) -> None:
    assert faults(changed(ACME, "They count.", hidden)) == []


@pytest.mark.parametrize(
    ("record", "what"), [("CL-9", "there is no such record"), ("{acme}", "names no record"), ("", "names no record")]
)
def test_a_record_that_is_not_there_is_found_in_its_line(record: str, what: str) -> None:
    fault = only(faults(changed(ACME, "Record: CL-1", f"Record: {record}")))
    assert (fault.path, fault.line, fault.rule) == (ACME, 3, "record")
    assert what in fault.what
    assert 'onefirm record find --text "Acme"' in fault.fix


def test_a_file_outside_of_the_tree_answers_for_its_record_only() -> None:
    texts = {**WHOLE, "notes/rocket.md": "# Rocket\n\nRecord: P-9\n"}
    assert told(faults(texts)) == [("notes/rocket.md", 3, "record")]


def test_a_secret_is_found_in_its_line_and_not_repeated() -> None:
    fault = only(faults(changed(ACME, "They count.", "One.\nThe word is hunter2."), world(secrets=["hunter2"])))
    assert (fault.path, fault.line, fault.rule) == (ACME, 7, "secret")
    assert "hunter2" not in fault.what + fault.fix


def test_every_secret_of_a_file_is_told_in_its_own_line() -> None:
    texts = changed(ACME, "They count.", "It is hunter2.\nOne.\nIt was hunter1 and hunter2.")
    found = told(faults(texts, world(secrets=["hunter1", "hunter2"])))
    assert found == [(ACME, 6, "secret"), (ACME, 8, "secret")]


def test_a_secret_over_two_lines_is_found_where_it_ends() -> None:
    texts = changed(ACME, "They count.", "hunter\n2\nand more")
    assert only(faults(texts, world(secrets=["hunter\n2"]))).line == 7


def test_the_root_has_a_budget_with_all_that_it_imports() -> None:
    fault = only(
        faults(changed("context/CLAUDE.md", "# The firm\n", "# The firm\n" + "\nwords" * 300), world(root_tokens=400))
    )
    assert (fault.path, fault.rule) == ("context/CLAUDE.md", "budget")
    assert "over the budget of 400" in fault.what
    assert "root_tokens" in fault.fix


def test_a_chain_is_told_once_where_it_goes_over_its_budget() -> None:
    texts = changed(CLIENTS, "# Clients\n", "# Clients\n" + "\n" + "words " * 500 + "\n")
    fault = only(faults(texts, world(chain_tokens=500)))
    assert (fault.path, fault.rule) == (CLIENTS, "budget")
    assert "chain_tokens" in fault.fix
