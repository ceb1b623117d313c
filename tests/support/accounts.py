"""Firms on a simulated Notion: one server for the whole run, and behind each token an account of its own.

An account begins as a copy of one that was made before, so that a firm and its account can be copied for each test.
"""

import atexit
import itertools
import pickle
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from onefirm.core.clock import Clock
from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.faults import Fault
from onefirm.simulators.notion.objects import Json
from onefirm.simulators.notion.phone import Phone

_OF_THE_SERVER = ("clock", "lock", "listeners")
_numbers = itertools.count(1)


class Server(Notion):
    """Answers each request as the account would whose token it bears."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[str, Notion] = {}

    def answer(
        self, method: str, address: str, headers: Mapping[str, str], body: object, fault: Fault | None = None
    ) -> Json:
        account = self.accounts.get(headers.get("authorization", "").removeprefix("Bearer "))
        answer = super().answer if account is None else account.answer
        return answer(method, address, headers, body, fault)


@cache
def server() -> Server:
    """The server of this run."""
    running = Server()
    running.start()
    atexit.register(running.stop)
    return running


def opened(state: bytes | None = None, clock: Clock | None = None) -> Notion:
    """A new account, empty or as it was kept; its token is its own, and so is its time."""
    account = Notion(clock, token=f"ntn_account{next(_numbers)}")
    account.stop()  # it is the server that listens
    server().exchanges.clear()  # of so many tests they would fill the memory
    if state is not None:
        space, before = account.workspace, pickle.loads(state)
        (connection,) = before["connections"].values()
        vars(space).update(before, connections={account.token: replace(connection, token=account.token)})
        account.connection = space.connections[account.token]
        account.phone = Phone(space, next(one for one in space.users.values() if one.kind == "person"))
    server().accounts[account.token] = account
    return account


def kept(account: Notion) -> bytes:
    """All that stands in an account, to open others with."""
    space = account.workspace
    with space.lock:
        return pickle.dumps({name: value for name, value in vars(space).items() if name not in _OF_THE_SERVER})
