"""Forks writers that write without end, for a test to kill. Talks in lines: a seed in; `pid`, `ack` and `gone` out.

The interpreter starts and imports once; each writer is a fork of it with connections of its own.
"""

import itertools
import os
import random
import sys
from contextlib import suppress
from dataclasses import replace
from typing import NoReturn

from contract.office import HOME, SCHEMA
from onefirm.core.attribution import By
from onefirm.core.clock import SystemClock
from onefirm.core.errors import Refused
from onefirm.ledger.append import Ledger
from onefirm.state.records import Change, Query, Records
from onefirm.state.truth.embedded import EmbeddedTruth
from onefirm.store.engine import Store


def open_records(url: str) -> Records:
    """The state plane over a database, with the machine's own clock."""
    store, clock = Store.open(url), SystemClock()
    ledger, truth = Ledger(clock, HOME), EmbeddedTruth(store, SCHEMA, clock)
    return Records(store, ledger, truth, SCHEMA, clock, timezone="UTC", currency="EUR")


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def write_for_ever(url: str, seed: int) -> NoReturn:
    """Create, change, take back, archive, alone and in batches; each answered word is acknowledged."""
    chance, records, by = random.Random(seed), open_records(url), By("claude/scribe", f"S-{seed}")
    known = [row.ref for row in records.find(Query(limit=50, sort="-updated_at")).rows]
    for number in itertools.count():
        word = f"w{seed}-{number}"
        new = Change("create", kind="task", set={"title": word, "owner": word})
        old = Change("update", ref=chance.choice(known), set={"owner": word}) if known else new
        changes = chance.choice([[new], [old], [old], [new, old] if known else [new]])
        said = replace(by, reason=f"{by.session} wants {word}.")
        with suppress(Refused):
            answers = records.write(changes, said)
            known.append(answers[0].ref)
            say("ack", word, len(changes))
            if chance.random() < 0.2:
                records.undo(chance.choice(known), said)
            if chance.random() < 0.1:
                records.write([Change("archive", ref=chance.choice(known))], said)
    raise AssertionError


def main(url: str) -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            write_for_ever(url, int(line))
        say("pid", pid)
        os.waitpid(pid, 0)
        say("gone")


if __name__ == "__main__":
    main(sys.argv[1])
