"""Modules are loaded without looking for garbage among them; afterwards it is looked for as before."""

import gc
import subprocess
import sys

from onefirm.core.loading import loading

LOADS = """
import gc
from onefirm.core.loading import loading
looks = []
gc.callbacks.append(lambda phase, info: looks.append(phase))
with loading():
    import onefirm.bootstrap
print(len(looks), gc.isenabled(), gc.get_freeze_count() > 100_000)
"""


def test_nothing_is_looked_for_while_modules_load() -> None:
    done = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True", "True"]


def test_where_nothing_was_loaded_nothing_is_kept_for_good() -> None:
    before = gc.get_freeze_count()
    with loading():
        import onefirm.core.loading  # noqa: F401
    assert gc.isenabled()
    assert gc.get_freeze_count() == before
