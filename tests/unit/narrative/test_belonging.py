"""Whose a file is, by heads alone."""

from pathlib import Path

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
