"""Firms for tests, on the truth that this run is about: the embedded store, or a simulated Notion (`--truth notion`).

Each is made once a run and copied for each test, and with it, on Notion, the account that it is connected to.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from onefirm import workspace
from onefirm.bootstrap import open_firm
from onefirm.core.clock import Clock
from onefirm.demo.clock import StoryClock
from onefirm.demo.seed import found
from onefirm.secrets import Secrets
from onefirm.simulators.notion import Notion
from onefirm.state import schema as schemas
from onefirm.state.truth.notion import mapping, mapping_text
from onefirm.state.truth.notion.call import Caller
from onefirm.state.truth.notion.found import Plot, create_databases
from onefirm.state.truth.notion.pace import Pace
from onefirm.workspace import Wishes
from support import accounts
from support.terminal import Terminal

Truth = Literal["embedded", "notion"]
_UNPACED = 1000.0
_truth: Truth = "embedded"


def choose(truth: Truth) -> None:
    """Let all firms of this process stand on it."""
    global _truth
    _truth = truth


@dataclass(frozen=True, slots=True)
class Made:
    """A firm to copy, and what its account at Notion holds, where it has one."""

    root: Path
    state: bytes | None = None


def new_firm(root: Path, wishes: Wishes, clock: Clock | None = None) -> Terminal:
    """A terminal in a firm without records; on Notion with a database for each kind."""
    workspace.init(root, wishes, clock)
    if _truth == "notion":
        _connect(root, accounts.opened(_databases()[0], clock))
    return Terminal(root)


def made(wishes: Wishes) -> Made:
    """A firm without records to copy."""
    root = _folder()
    new_firm(root, wishes)
    return kept(root)


def kept(root: Path) -> Made:
    """A firm as it stands now, to copy."""
    if _truth == "embedded":
        return Made(root)
    return Made(root, accounts.kept(accounts.server().accounts[_token(root)]))


def demo_firm(target: Path) -> Terminal:
    """A terminal in a demo firm of the test's own: seeded once a run, copied for each test."""
    return copied(_seeded(), target / "firm")


def copied(made: Made, root: Path) -> Terminal:
    """A terminal in a copy of a firm, with an account like its own where it has one."""
    shutil.copytree(made.root, root, symlinks=True, dirs_exist_ok=True)
    if made.state is not None:
        Secrets(root).set("notion", accounts.opened(made.state).token)
    return Terminal(root)


@cache
def _seeded() -> Made:
    root, wishes = _folder(), Wishes(timezone="Europe/Berlin")
    if _truth == "embedded":
        found(root, wishes)
        return kept(root)

    def ground(root: Path, clock: StoryClock) -> None:
        _connect(root, accounts.opened(_databases()[0], clock))

    found(root, wishes, ground=ground)
    with open_firm(root) as firm:
        firm.records.sync()
    return kept(root)


def _folder() -> Path:
    """Where a firm is made, once; it goes with the run's home."""
    return Path(tempfile.mkdtemp(prefix="firm-", dir=Path.home())) / "firm"


@cache
def _databases() -> tuple[bytes, str]:
    """An account with a database for each kind, and the notion.yaml that maps onto it."""
    root, account = _folder(), accounts.opened()
    workspace.init(root, Wishes(timezone="UTC"))
    account.phone.page("The firm")
    Secrets(root).set("notion", account.token)
    _complete(root)
    return accounts.kept(account), (root / mapping.FILE).read_text()


def _complete(root: Path) -> None:
    """Make what is missing of the databases under the account's page, and map onto them."""
    url, token = accounts.server().url, _token(root)
    (page, *_) = accounts.server().accounts[token].workspace.pages
    with open_firm(root) as firm:
        caller, plot = Caller(token, url, Pace(_UNPACED)), Plot(page, firm.settings.currency)
        with firm.store.read() as conn:
            schema = schemas.remembered(conn)
        made = create_databases(caller, firm.store, schema, firm.clock, plot, base_url=url)
    mapping_text.write(root, mapping_text.text(replace(made, pace=_UNPACED)))


def _token(root: Path) -> str:
    found = Secrets(root).get("notion")
    assert found
    return found.reveal()


def _connect(root: Path, account: Notion) -> None:
    """What the operator does who connects Notion: the mapping, the setting, the token, and a commit."""
    (root / mapping.FILE).write_text(_databases()[1])
    with (root / "onefirm.yaml").open("a") as file:
        file.write("truth: notion\n")
    Secrets(root).set("notion", account.token)
    for words in (("add", mapping.FILE), ("commit", "-qam", "Connect Notion")):
        subprocess.run(["git", *words], cwd=root, check=True)
