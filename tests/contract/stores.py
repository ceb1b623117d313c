"""Fresh, migrated databases for tests."""

import functools
import shutil
import tempfile
from pathlib import Path

from onefirm.store.engine import Store
from onefirm.store.migrate import migrate


def sqlite_url(folder: Path) -> str:
    """An SQLite database of its own: the copy of one that was migrated once in this process."""
    path = folder / "firm.db"
    shutil.copyfile(_template(), path)
    return f"sqlite:///{path}"


@functools.cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="template-", dir=Path.home()))
    path = folder / "firm.db"
    migrate(f"sqlite:///{path}", folder / "backup", "never")
    store = Store.open(f"sqlite:///{path}")
    with store.write() as conn:  # a checkpoint needs the file to itself: WAL is off while it is copied
        conn.exec_driver_sql("SELECT 1")
    store.close()
    assert not path.with_name("firm.db-wal").exists()
    return path
