"""The client wall as the hook holds it: what reads another client's files is refused, however it is spelt."""

from pathlib import Path
from typing import Any

import pytest

from onefirm.sessions import walls
from support.hook import Answer, Firm

pytestmark = pytest.mark.row("NAR-09")

OWN = "context/clients/acme/CLAUDE.md"
OTHERS = "context/clients/borealis/CLAUDE.md"
DEEP = "context/clients/borealis/shop/notes/prices.txt"


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    firm = Firm.at(tmp_path / "firm")
    firm.truth("CL-1", title="Acme")
    firm.truth("CL-2", title="Borealis")
    firm.truth("P-1", client="CL-1")
    firm.truth("P-2", client="CL-2")
    firm.truth("T-1", title="Insurance")
    firm.write("context/clients/CLAUDE.md", "# Clients\n\n- [Acme](acme/CLAUDE.md)\n- [Borealis](borealis/CLAUDE.md)\n")
    firm.write(OWN, "# Acme\n\nRecord: CL-1\n\nThey read on Fridays.\n")
    firm.write("context/clients/acme/site/CLAUDE.md", "# Site\n\nRecord: P-1\n")
    firm.write(OTHERS, "# Borealis\n\nRecord: CL-2\n\nA family with two opinions.\n")
    firm.write("context/clients/borealis/shop/CLAUDE.md", "# Shop\n\nRecord: P-2\n")
    firm.write(DEEP, "40 a piece\n")
    firm.write("context/clients/loose.md", "# Loose\n\nRecord: P-2\n")
    firm.write("context/operations/insurance.md", "# Insurance\n\nRecord: T-1\n")
    firm.write("context/lost/CLAUDE.md", "# Lost\n\nRecord: P-99\n")
    firm.session()
    walls.put(str(firm.root), firm.client, "CL-1", "Acme", ("CL", "PR"))
    return firm


def use(firm: Firm, tool: str, *, cwd: Path | None = None, **given: Any) -> Answer:
    return firm.run("wall", cwd=cwd, tool_name=tool, tool_input=given)


def passes(answer: Answer) -> bool:
    assert (answer.code, answer.stderr) == (0, "")
    return answer.stdout == ""


@pytest.mark.parametrize("tool", ["Read", "Edit", "Write", "MultiEdit", "NotebookEdit"])
@pytest.mark.parametrize("path", [OTHERS, DEEP, "context/clients/loose.md", "context/lost/CLAUDE.md"])
def test_another_clients_file_is_refused_with_the_way_out(firm: Firm, tool: str, path: str) -> None:
    name = "notebook_path" if tool == "NotebookEdit" else "file_path"
    denial = use(firm, tool, **{name: str(firm.root / path)}).denial
    assert f"{path} is not for this session, which is declared for “Acme” (CL-1)" in denial
    assert "onefirm session client --firm" in denial
    assert "Borealis" not in denial


@pytest.mark.parametrize(
    "path",
    [OWN, "context/clients/acme/site/CLAUDE.md", "context/clients/CLAUDE.md", "context/operations/insurance.md",
     "onefirm.yaml", "context/clients/acme/new.md"],
)  # fmt: skip
def test_own_files_and_the_firms_pass(firm: Firm, path: str) -> None:
    assert passes(use(firm, "Read", file_path=str(firm.root / path)))
    assert passes(use(firm, "Bash", command=f"cat {path}"))


@pytest.mark.parametrize(
    "spelt",
    [
        "context/clients/acme/../borealis/CLAUDE.md",
        "context/clients/acme/site/../../borealis/./shop//notes/prices.txt",
        "context/clients/acme/link/CLAUDE.md",
        "context/clients/acme/alias.md",
        ".onefirm/firm.db",
        "context/../.onefirm/brief.json",
    ],
)
def test_neither_dots_nor_links_lead_over_the_wall(firm: Firm, spelt: str) -> None:
    (firm.root / "context/clients/acme/link").symlink_to(firm.root / "context/clients/borealis")
    (firm.root / "context/clients/acme/alias.md").symlink_to(firm.root / OTHERS)
    assert use(firm, "Read", file_path=str(firm.root / spelt)).denial
    assert use(firm, "Read", file_path=spelt).denial
    assert use(firm, "Bash", command=f"cat {spelt}").denial


def test_a_workspace_behind_a_link_has_the_same_wall(firm: Firm, tmp_path: Path) -> None:
    (tmp_path / "door").symlink_to(firm.root)
    assert use(firm, "Read", file_path=str(tmp_path / "door" / OTHERS)).denial
    assert passes(use(firm, "Read", file_path=str(tmp_path / "door" / OWN)))


def test_a_file_outside_of_the_workspace_is_not_the_walls_matter(firm: Firm, tmp_path: Path) -> None:
    assert passes(use(firm, "Read", file_path=str(tmp_path / "elsewhere.txt")))


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("Grep", {"pattern": "price"}),
        ("Grep", {"pattern": "price", "path": "context"}),
        ("Grep", {"pattern": "price", "path": "/"}),
        ("Grep", {"pattern": "price", "path": "context/clients/acme/.."}),
        ("Grep", {"pattern": "price", "path": OTHERS}),
        ("Glob", {"pattern": "**/*.md"}),
        ("Glob", {"pattern": "context/clients/b*/**"}),
        ("Glob", {"pattern": "context/clients/acme/*/../../borealis/*"}),
        ("Glob", {"pattern": "*", "path": "context/clients/borealis"}),
    ],
)
def test_a_search_that_would_go_through_others_files_is_refused(firm: Firm, tool: str, given: dict[str, str]) -> None:
    assert use(firm, tool, **given).denial


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("Grep", {"pattern": "borealis", "path": "context/clients/acme"}),
        ("Grep", {"pattern": "price", "path": "context/operations"}),
        ("Grep", {"pattern": "price", "path": "context/clients/CLAUDE.md"}),
        ("Glob", {"pattern": "context/clients/acme/**/*.md"}),
        ("Glob", {"pattern": "**/*.md", "path": "context/clients/acme"}),
    ],
)
def test_a_search_within_the_own_client_passes(firm: Firm, tool: str, given: dict[str, str]) -> None:
    assert passes(use(firm, tool, **given))


@pytest.mark.parametrize(
    "command",
    [
        f"cat {OTHERS}",
        f"head -3 '{DEEP}'",
        "cat context/clients/b*/CLAUDE.md",
        "cat context/clients/*/CLAUDE.md",
        "cd context/clients && cat borealis/CLAUDE.md",
        "cd context/clients/borealis; ls",
        "git show HEAD:context/clients/borealis/CLAUDE.md",
        "git diff",
        "grep -rn price .",
        "grep -n -R price context",
        "rg price",
        "find context -name '*.txt' -exec cat {} +",
        "cd context && rg price",
        "tar cf - context/clients",
        "python3 -c \"print(open('context/clients/borealis/CLAUDE.md').read())\"",
        "sqlite3 .onefirm/firm.db .dump",
        "env -u CLAUDECODE onefirm record find",
    ],
)
def test_what_can_be_seen_of_a_command_is_refused(firm: Firm, command: str) -> None:
    assert use(firm, "Bash", command=command).denial


@pytest.mark.parametrize(
    "command",
    ["ls", "git status", "git commit -m 'The site'", "rg price context/clients/acme", "onefirm session client",
     f"git diff {OWN}", "grep -rn price context/clients/acme", "date && echo done", "cat context/clients/CLAUDE.md"],
)  # fmt: skip
def test_ordinary_commands_pass(firm: Firm, command: str) -> None:
    assert passes(use(firm, "Bash", command=command))


def test_another_servers_tool_is_read_for_paths(firm: Firm) -> None:
    assert use(firm, "mcp__disk__read", path=str(firm.root / OTHERS)).denial
    assert passes(use(firm, "mcp__disk__read", path=str(firm.root / OWN)))


def test_a_firm_wide_session_beside_it_reads_everything(firm: Firm) -> None:
    firm.client = "client-2"
    assert passes(use(firm, "Read", file_path=str(firm.root / OTHERS)))
    assert passes(use(firm, "Bash", command="rg price"))


def test_a_subagent_stands_behind_the_same_wall(firm: Firm) -> None:
    given = {"file_path": str(firm.root / OTHERS)}
    assert firm.run("wall", tool_name="Read", tool_input=given, agent_id="a1", agent_type="Explore").denial


def test_where_no_wall_stands_no_python_is_started(firm: Firm) -> None:
    walls.drop(str(firm.root), firm.client)
    firm.env.update({"ONEFIRM_PYTHON": "/nowhere/python3", "PATH": "/nowhere"})
    assert passes(use(firm, "Read", file_path=str(firm.root / OTHERS)))


def test_a_record_that_changes_hands_takes_its_files_along(firm: Firm) -> None:
    firm.truth("P-2", client="CL-1")
    assert passes(use(firm, "Read", file_path=str(firm.root / "context/clients/loose.md")))


def test_a_wall_that_cannot_be_read_lets_nothing_be_read(firm: Firm) -> None:
    Path(str(firm.root) + walls.FOLDER + walls.named(firm.client)).write_text("{")
    assert "can't be read" in use(firm, "Read", file_path=str(firm.root / OWN)).denial
