"""Several connections in one process, other processes beside it: nobody takes the journal from under another."""

import subprocess
import sys
from pathlib import Path

from onefirm.sessions import db, identity

PROJECT = Path(__file__).resolve().parents[3]
ANOTHER = """
import sys; sys.path.append(sys.argv[1])
from onefirm.sessions import identity
identity.bind(sys.argv[2], sys.argv[3])
"""


def another_process(root: Path, client: str) -> None:
    """Writes and closes its connection: the last one of all would remove the journal."""
    subprocess.run([sys.executable, "-I", "-S", "-c", ANOTHER, PROJECT, root, client], check=True)


def test_a_short_connection_leaves_the_locks_of_a_long_one_alone(tmp_path: Path) -> None:
    (tmp_path / ".onefirm").mkdir()
    root = str(tmp_path)
    long_lived = db.connect(root)
    for number in range(20):
        with db.writing(long_lived) as conn:
            conn.execute("insert or replace into meta values ('n', ?)", (str(number),))
        identity.bind(root, f"short-{number}")
        another_process(tmp_path, f"other-{number}")
        assert Path(f"{db.path(root)}-wal").exists(), "the journal that the long connection writes was removed"
    assert long_lived.execute("pragma integrity_check").fetchone() == ("ok",)
    assert long_lived.execute("select count(*) from session").fetchone() == (40,)
    long_lived.close()
    with db.reading(root) as conn:
        assert conn.execute("select value from meta where key = 'n'").fetchone() == ("19",)
