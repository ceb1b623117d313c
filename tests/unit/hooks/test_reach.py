"""What a call reaches: everyday work of a consultant passes a client wall, and what leads behind it doesn't."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hooks import reach

HIDDEN = (
    "context/clients/test", "context/clients/notes", "context/clients/borealis", "context/clients/our boards",
    "drop/CL-2",
)  # fmt: skip
FILES = (
    "README.md", "docs/plan.md", "src/app.py", "tests/test_app.py", "context/CLAUDE.md", "context/clients/CLAUDE.md",
    "context/clients/acme/CLAUDE.md", "context/clients/acme/site/CLAUDE.md", "context/operations/CLAUDE.md",
    *(f"{folder}/CLAUDE.md" for folder in HIDDEN[:-1]),
    "drop/CL-2/letter.eml", "context/clients/borealis/shop/prices.txt",
)  # fmt: skip
Reached = Callable[..., "tuple[str, str] | None"]


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A firm with four clients that are hidden; two are called as things of every day are."""
    root = tmp_path_factory.mktemp("firm")
    for path in FILES:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("# It\n")
    (root / "context/clients/acme/door").symlink_to("../borealis")
    (root / "context/clients/acme/site/up").symlink_to("../..")
    (root / "context/clients/acme/alias.md").symlink_to("door/shop/prices.txt")
    return root


def hides(path: str) -> bool:
    return f"{path}/".startswith(tuple(f"{folder}/" for folder in HIDDEN))


@pytest.fixture
def reached(root: Path) -> Reached:
    def reached(command: str, cwd: str = "") -> "tuple[str, str] | None":
        call = {"tool_name": "Bash", "tool_input": {"command": command}, "cwd": str(root / cwd)}
        return reach.beyond(call, str(root), hides)

    return reached


@pytest.mark.parametrize(
    "command",
    [
        "pytest test", "npm test", "npm run test -- --watch=false", "make test", "cargo test", "go test ./src",
        "python3 -m pytest tests -k test", "test -f README.md && echo there", "[ -d notes ] || mkdir notes-of-today",
        "ls", "ls -la", "ls -t docs", "cat README.md | head -5", "wc -l docs/plan.md", "date +%F", "cal 12 2026",
        "git status --short", "git add context/clients/acme", "git log --oneline -5", "git log --grep=test",
        "git commit -m 'Show the test and find the notes of Borealis'", 'git commit -am "grep -r is no test"',
        "git commit -m \"$(cat <<'EOF'\nFind out what tar didn't show\n\nThe notes, the test: **all** of it.\nEOF\n)\"",
        "git diff context/clients/acme", "git diff --stat docs", "git push -u origin main", "git switch -c test",
        "git branch find-the-date", "git stash", "git pull --rebase", "git add -u", "git show-ref",
        "grep -n test README.md", "grep -rn price context/clients/acme", "rg notes docs", "find docs -name '*.md'",
        "tree context/clients/acme", "echo 'find . and rg notes'", "echo tree", "printf '%s\\n' test notes borealis",
        "cd context/clients/acme && ls && cat CLAUDE.md", "cd src && rg price", "cp README.md docs/copy.md",
        "mkdir -p context/clients/acme/notes", "mv docs/plan.md docs/plans.md", "touch context/clients/acme/test.md",
        "sed -i 's/find/test/' docs/plan.md", "awk '/test/ {print $1}' docs/plan.md", "sort -u docs/plan.md",
        "python3 -c 'print(40 * 12)'", "python3 src/app.py --notes=test", "uv run pytest -q tests", "npx prettier docs",
        "tar xzf fonts.tar.gz", "tar -tf fonts.tar", "unzip fonts.zip",
        "curl -sS https://example.com/test -o page.html",
        "pandoc docs/plan.md -o plan.pdf", "docker compose up -d test", "jq .test package.json", "cat docs/find-me.md",
        "cat <<EOF > docs/mail.md\nDear notes,\nplease find the test.\nEOF", "onefirm session client", "kill %1; true",
        "bc <<< '12*40'", "ls docs | grep test", "for f in docs/*.md; do wc -w \"$f\"; done", "open docs/plan.md",
    ],
)  # fmt: skip
def test_everyday_commands_pass(reached: Reached, command: str) -> None:
    assert reached(command) is None


@pytest.mark.parametrize(
    "command",
    [
        "pytest test -q", "git commit -m 'the test'", "cat CLAUDE.md", "ls acme",
    ],
)  # fmt: skip
def test_inside_of_the_own_clients_folder_too(reached: Reached, command: str) -> None:
    assert reached(command, "context/clients/acme") is None


@pytest.mark.parametrize(
    "command",
    [
        "cat context/clients/test/CLAUDE.md", "cat ./context//clients/./test/../test/CLAUDE.md",
        "ls context/clients/notes", "cat drop/CL-2/letter.eml", "grep -rn price drop", "cd drop && rg price",
        "cat 'context/clients/our boards/CLAUDE.md'", "cat context/clients/our\\ boards/CLAUDE.md",
        "cat \"context/clients/our boards\"/CLAUDE.md", "cat context/clients/'test'/CLAUDE.md",
        "cat context/clients/te*/*",
        "cat context/clients/[n]otes/CLAUDE.md", "cd context/clients && cat test/CLAUDE.md",
        "cd context/clients/test && ls",
        "cd context; cd clients; cat notes/CLAUDE.md", "cd context/clients/acme; cat ../borealis/CLAUDE.md",
        "pushd context/clients/ && pytest test", "C=borealis; cat context/clients/$C/CLAUDE.md",
        "P=clients; cat context/${P}/borealis/CLAUDE.md",
        "for c in acme borealis; do cat context/clients/$c/CLAUDE.md; done",
        "cat context/clients/$(echo borealis)/CLAUDE.md", "cat <context/clients/test/CLAUDE.md", "cat README.md;cat "
        "context/clients/test/CLAUDE.md", "git show HEAD:context/clients/test/CLAUDE.md", "git diff", "git log -p",
        "git --no-pager diff HEAD~3", "git -C context diff", "git stash show -p", "git add -p", "git grep price",
        "git log -L1,5:README.md", "git status; git diff; ls context/clients/acme", "rg price", "rg docs",
        "rg -n price .",
        "grep -rn price", "grep -R price context", "grep --recursive price .", "sudo rg price", "time find . -type f",
        "if rg -q price; then echo yes; fi", "echo $(rg price)", "echo \"$(rg price)\"", "echo `find . -name x`",
        "bash -c 'rg price'", "sh -c \"find . -type f\"", "eval 'grep -r price .'", "ls | xargs rg price",
        "ls -R", "ls -laR context", "cp -r context /tmp/copy", "tar czf all.tgz context", "tar cf - .",
        "zip -r x.zip context",
        "rsync -a context/ /tmp/x", "tree", "cat context/**/CLAUDE.md", "find context -name '*.txt' -exec cat {} +",
        "python3 -c \"print(open('context/clients/test/CLAUDE.md').read())\"", "python3 <<EOF\nprint(open("
        "'context/clients/test/CLAUDE.md').read())\nEOF", "bash <<EOF\nrg price\nEOF", "cd context && rg price",
        "rg price -g '*.md'", "fd docs",
        "sqlite3 .onefirm/firm.db .dump", "env -u CLAUDECODE onefirm record find", "/usr/bin/find . -name '*.md'",
        "head -3 README.md context/clients/notes/CLAUDE.md", "vim context/clients/test/CLAUDE.md",
        "diff -r context /tmp/x",
        "PAGER=cat git diff", "less +F context/clients/borealis/shop/prices.txt",
    ],
)  # fmt: skip
def test_what_leads_behind_the_wall_is_refused(reached: Reached, command: str) -> None:
    assert reached(command)


@pytest.mark.parametrize(
    ("command", "cwd"),
    [("cat test/CLAUDE.md", "context/clients"), ("cat ../test/CLAUDE.md",
    "context/clients/acme"), ("cat CLAUDE.md test/*",
      "context/clients"), ("cat clients/notes/CLAUDE.md", "context")],
)  # fmt: skip
def test_the_folder_that_a_command_runs_in_counts(reached: Reached, command: str, cwd: str) -> None:
    assert reached(command, cwd)


PARTS = st.sampled_from([
    "", ".", "..", "context", "clients", "acme", "borealis", "our boards", "site", "shop", "door", "up", "alias.md",
    "CLAUDE.md", "prices.txt",
])  # fmt: skip


@given(st.sampled_from(["", "context", "context/clients", "context/clients/acme/site"]), st.lists(PARTS, max_size=9))
@example("context/clients/acme/site", ["up", "borealis", "shop", "prices.txt"])
@example("context", ["clients", "acme", "site", "up", ".", "our boards", "", "CLAUDE.md"])
@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_spelling_of_a_path_leads_behind_the_wall(reached: Reached, root: Path, cwd: str, parts: list[str]) -> None:
    spelt = "/".join(parts)
    leads = os.path.relpath(os.path.realpath(root / cwd / spelt.lstrip("/")), os.path.realpath(root))
    if not (os.path.exists(root / cwd / spelt.lstrip("/")) and hides(leads)):
        return
    for path in (spelt.lstrip("/"), str(root / cwd) + "/" + spelt):
        call = {"tool_name": "Read", "tool_input": {"file_path": path}, "cwd": str(root / cwd)}
        assert reach.beyond(call, str(root), hides)
        assert reached(f"cat '{path}'", cwd)
