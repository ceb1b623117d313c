"""Which test names which promise, read from the source: nothing is imported, so a broken test file is still counted."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Marked:
    """A test function and the ids in its `@pytest.mark.row("…")`, its class's and its module's."""

    place: str
    rows: frozenset[str]
    embedded: bool = False
    """Whether it holds for the embedded store only."""


class NotALiteral(Exception):
    """A row mark whose ids can't be read without running the code."""


def below(folder: Path) -> list[Marked]:
    """Every test below a folder, in order of file and line."""
    return [test for path in sorted(folder.rglob("test_*.py")) for test in _in_file(path)]


def _in_file(path: Path) -> Iterator[Marked]:
    module = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    yield from _in_body(module.body, path.name, _module_rows(module, path))


def _in_body(body: list[ast.stmt], place: str, inherited: frozenset[str]) -> Iterator[Marked]:
    for node in body:
        if isinstance(node, Definition) and node.name.startswith("test_"):
            embedded = any(ast.unparse(mark).startswith("pytest.mark.embedded(") for mark in node.decorator_list)
            yield Marked(f"{place}::{node.name}", inherited | _rows(node.decorator_list, place), embedded)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            rows = inherited | _rows(node.decorator_list, place)
            yield from _in_body(node.body, f"{place}::{node.name}", rows)


def _module_rows(module: ast.Module, path: Path) -> frozenset[str]:
    """The ids in `pytestmark = …`, a mark or a list of them."""
    for node in module.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets):
            marks = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            return _rows(marks, path.name)
    return frozenset()


def _rows(marks: list[ast.expr], place: str) -> frozenset[str]:
    return frozenset(
        row for mark in marks if ast.unparse(mark).startswith("pytest.mark.row(") for row in _ids(mark, place)
    )


def _ids(mark: ast.expr, place: str) -> Iterator[str]:
    for argument in mark.args if isinstance(mark, ast.Call) else ():
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            raise NotALiteral(f"{place}: write the ids of pytest.mark.row as plain strings")
        yield argument.value
