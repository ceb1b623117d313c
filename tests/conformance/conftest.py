"""A workspace, our server on it over HTTP, and the programs of tests/node."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from onefirm import workspace
from support import node
from support.node import NodeMissing
from support.unmeasured import not_measured

TESTS = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """Nothing here can be measured without Node and the packages of tests/node."""
    try:
        node.command(node.CONFORMANCE)
    except NodeMissing as missing:
        not_measured(str(missing))


@pytest.fixture(scope="session")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh workspace."""
    root = tmp_path_factory.mktemp("conformance") / "firm"
    workspace.init(root, workspace.Wishes(timezone="Europe/Berlin", currency="EUR"))
    return root


@pytest.fixture(scope="session")
def python_path() -> Mapping[str, str]:
    """Lets a child import the project and the tests from the checkout, installed or not."""
    return {"PYTHONPATH": os.pathsep.join((str(TESTS.parent), str(TESTS)))}


@pytest.fixture(scope="session")
def url(firm: Path, python_path: Mapping[str, str]) -> Iterator[str]:
    """Our build with the suite's fixtures mounted, over HTTP."""
    command = [sys.executable, "-m", "conformance.serve", str(firm)]
    with subprocess.Popen(
        command, env=os.environ | python_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.communicate()
