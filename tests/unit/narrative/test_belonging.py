"""Whose a file is, by heads alone."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from onefirm.narrative.belonging import Folders


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def refs(root: Path, path: str) -> list[str]:
    return Folders(str(root)).refs(path)


def test_a_file_belongs_to_the_records_of_every_folder_above_it(tmp_path: Path) -> None:
    write(tmp_path, "context/clients/acme/CLAUDE.md", "# Acme\n\nRecord: CL-1\n")
    write(tmp_path, "context/clients/acme/site/claude.md", "# Site\n\nRecord: P-1\n")
    write(tmp_path, "context/clients/acme/site/notes/plan.txt", "a plan")
    assert refs(tmp_path, "context/clients/acme/site/notes/plan.txt") == ["CL-1", "P-1"]
    assert refs(tmp_path, "context/clients/acme/site") == ["CL-1", "P-1"]
    assert refs(tmp_path, "context/clients") == []


def test_a_file_belongs_to_its_own_head_too(tmp_path: Path) -> None:
    write(tmp_path, "context/clients/note.md", "# Note\n\nRecord: P-2\n")
    assert refs(tmp_path, "context/clients/note.md") == ["P-2"]
    assert refs(tmp_path, "context/clients/other.md") == []


def test_a_rule_belongs_where_its_paths_do(tmp_path: Path) -> None:
    write(tmp_path, "context/clients/acme/CLAUDE.md", "# Acme\n\nRecord: CL-1\n")
    rule = '---\npaths: ["context/clients/acme/**"]\n---\n# What the firm learned\n'
    write(tmp_path, ".claude/rules/onefirm/general.cl-1.md", rule)
    write(tmp_path, ".claude/rules/onefirm/general.md", "# What the firm learned\n")
    write(tmp_path, ".claude/rules/onefirm/odd.md", "---\npaths: [broken\n---\n")
    assert refs(tmp_path, ".claude/rules/onefirm/general.cl-1.md") == ["CL-1"]
    assert refs(tmp_path, ".claude/rules/onefirm/general.md") == []
    assert refs(tmp_path, ".claude/rules/onefirm/odd.md") == []


def test_what_waits_to_be_archived_belongs_to_whom_its_names_name(tmp_path: Path) -> None:
    for path in ("drop/cl-2/prices.eml", "drop/Letter of CL-3.txt", "drop/notes/letter.txt"):
        write(tmp_path, path, "a letter")
    assert refs(tmp_path, "drop/cl-2/prices.eml") == refs(tmp_path, "drop/CL-2") == ["CL-2"]
    assert refs(tmp_path, "drop/Letter of CL-3.txt") == ["CL-3"]
    assert refs(tmp_path, "drop/notes/letter.txt") == []
    assert refs(tmp_path, "context/about-CL-9/x.txt") == []


FOLDERS = [
    "context", "context/clients", "context/clients/acme", "context/clients/acme/site", "context/clients/borealis",
    "context/clients/borealis/näh", "context/sales",
]  # fmt: skip
FILES = [f"{folder}/{name}" for folder in FOLDERS for name in ("CLAUDE.md", "notes.md", "plan.txt")]
HEADS = st.sampled_from(["Record: CL-1", "Record: CL-2", "Records: P-1, T-2", "**record:** pr-1", "Parent: x", ""])


@given(st.dictionaries(st.sampled_from(FILES), HEADS), st.permutations(FILES))
@settings(max_examples=40)
def test_what_lies_in_a_folder_belongs_to_all_that_the_folder_does(heads: dict[str, str], order: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path in FILES:
            write(root, path, f"# It\n\n{heads.get(path, '')}\n")
        asked = Folders(str(root))
        in_this_order = {path: asked.refs(path) for path in order}
        for path in FILES:
            folder = path.rpartition("/")[0]
            own = refs(root, path)
            above = [one for one in FOLDERS if f"{path}/".startswith(f"{one}/")]
            told = [heads.get(f"{one}/CLAUDE.md", "") for one in above] + [heads.get(path, "") * path.endswith(".md")]
            assert in_this_order[path] == own
            assert set(own) >= set(refs(root, folder))
            assert {ref for ref in ("CL-1", "CL-2", "P-1", "T-2", "PR-1") if ref in " ".join(told).upper()} == set(own)


@given(st.text(max_size=300))
def test_whatever_is_asked_is_answered_or_refused(path: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        try:
            assert refs(Path(name), path) == []
        except (OSError, ValueError):
            assert "\0" in path or len(path.encode("utf-8", "replace")) > 200 or not path.isprintable()
