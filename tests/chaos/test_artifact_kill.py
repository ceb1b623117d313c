"""kill -9 in the middle of adding an artifact: no entry without its file, and the same add again ends it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from onefirm.bootstrap import open_firm
from onefirm.core.attribution import By
from onefirm.ledger.verify import verify
from support.own_schema import Workshop, workshop

PROJECT = Path(__file__).resolve().parents[2]
DIE = """\
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from onefirm.bootstrap import open_firm
from onefirm.core.attribution import By
from onefirm.state.artifacts import Artifacts

root, where = Path(sys.argv[1]), sys.argv[2]
with open_firm(root) as firm:
    die = lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == where else None
    firm.records.plane = replace(firm.records.plane, step=die)
    Artifacts(root, firm.records).add(root / "offer.md", ["CL-1"], By("operator"))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    made = workshop(tmp_path)
    made.create("client")
    (made.root / "offer.md").write_text("Twelve days of work.\n")
    return made


@pytest.mark.row("STA-13")
@pytest.mark.parametrize(("step", "unknown"), [("drafted", 0), ("placed", 1)])
def test_a_kill_leaves_no_entry_and_the_same_add_ends_it(shop: Workshop, step: str, unknown: int) -> None:
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    died = subprocess.run([sys.executable, "-c", DIE, str(shop.root), step], env=env, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
    with open_firm(shop.root) as firm:
        assert firm.artifacts.find() == []
        assert [found.damage for found in firm.artifacts.examine()] == ["unknown"] * unknown
        done = firm.artifacts.add(shop.root / "offer.md", ["CL-1"], By("operator"))
        assert (done.is_new, done.artifact.ref) == (True, "ART-1")
        assert firm.artifacts.read(done.artifact) == b"Twelve days of work.\n"
        assert not list(firm.artifacts.examine())
        with firm.store.read() as conn:
            assert verify(conn).ok
