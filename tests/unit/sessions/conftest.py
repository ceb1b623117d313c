"""A folder with `.onefirm/`, which is all that this room needs."""

from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / ".onefirm").mkdir(mode=0o700)
    (tmp_path / "onefirm.yaml").write_text("name: Example Studio\n")
    return str(tmp_path)
