"""A workspace whose operator writes kinds of their own."""

import functools
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onefirm import workspace
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.day import schema as schema_room
from onefirm.day.schema import Applied
from onefirm.state.records import Change, Record
from onefirm.state.schema_change import Proposal
from onefirm.workspace import Wishes
from support.firms import Made, copied, made

OPERATOR = By("operator", reason="we rent")
ASSET = """\
    kind: asset
    prefix: AS
    plural: Assets
    description: A thing that is rented out.
    statuses:
      stored: {group: open, moves: [rented, sold]}
      rented: {group: active, moves: [stored]}
      sold: {group: done, moves: []}
    properties:
      title: {type: text, required: true}
      status: {type: status}
      serial: {type: text}
      condition: {type: choice, options: [new, used, worn]}
      client: {type: relation, to: client}
    """


@dataclass(frozen=True)
class Workshop:
    """The workspace, and what its operator does there. Every step opens the firm anew, as a command does."""

    root: Path

    def file(self, kind: str, text: str = ASSET) -> Path:
        """Write `schema/KIND.yaml`."""
        path = self.root / "schema" / f"{kind}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def change(self, kind: str, old: str, new: str) -> None:
        """Replace words in a file."""
        path = self.root / "schema" / f"{kind}.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    @contextmanager
    def firm(self) -> Iterator[Firm]:
        with open_firm(self.root) as firm:
            yield firm

    def diff(self, *remove: str) -> Proposal:
        with self.firm() as firm:
            return schema_room.diff(self.root, firm.records, remove)

    def told(self, *remove: str) -> list[str]:
        """The plan's sentences."""
        return [step.sentence for step in self.diff(*remove).steps]

    def apply(self, *remove: str) -> Applied:
        with self.firm() as firm:
            return schema_room.apply(self.root, firm.records, workspace.database_file(self.root), OPERATOR, remove)

    def create(self, kind: str, **props: Any) -> str:
        with self.firm() as firm:
            change = Change("create", kind=kind, set={"title": f"A {kind}", **props})
            return firm.records.write([change], OPERATOR)[0].ref

    def update(self, ref: str, **props: Any) -> None:
        with self.firm() as firm:
            firm.records.write([Change("update", ref=ref, set=props)], OPERATOR)

    def get(self, ref: str) -> Record:
        with self.firm() as firm:
            return firm.records.get(ref)


def workshop(folder: Path) -> Workshop:
    """A workspace in an empty folder: the copy of one that was made once in this process."""
    return Workshop(copied(_made(), folder / "firm").root)


@functools.cache
def _made() -> Made:
    return made(Wishes(firm="Borealis Rentals", timezone="UTC"))
