"""A firm's tasks at Notion, as Notion's own MCP server reads them: the firm itself, moved to a simulated Notion.

Pages have the shape of Notion's API and the simulator's few annotations: nothing is counted that a real page could do
without. The two properties that the move adds for itself are taken away, so that both show the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from onefirm import moving
from onefirm.bootstrap import open_firm
from onefirm.core.attribution import OPERATOR, By
from onefirm.secrets import Secrets
from onefirm.simulators.notion import Notion
from onefirm.state import mirror
from onefirm.state.truth.notion import mapping, pages
from onefirm.state.truth.notion.mapping import Place


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks of a moved firm: where Notion has them, and their pages by ref."""

    notion: Notion
    place: Place
    pages: Mapping[str, str]

    def leave(self, refs: Sequence[str]) -> None:
        """Put all others into the trash, so that who asks for so many gets these."""
        for ref, page in self.pages.items():
            if ref not in refs:
                self.notion.phone.trash(page)

    def urgent(self) -> Mapping[str, object]:
        """The properties that a write of the highest priority sends."""
        column = self.place.columns["priority"]
        return {column.name: {column.type: {"name": column.options["urgent"][0].name}}}


@contextmanager
def moved(root: Path) -> Iterator[Tasks]:
    """Move a firm to a simulated Notion, which runs for as long as the context."""
    with Notion() as notion:
        Secrets(root).set("notion", notion.token)
        page = notion.phone.page("Firm").id
        moving.move(root, "notion", moving.Wishes(under=page, at=notion.url), By(OPERATOR))
        with open_firm(root) as firm:
            place = mapping.read(root, firm.schema).places["task"]
            with firm.store.read() as conn:
                tasks = [row.ref for row in conn.execute(mirror.rows()) if row.kind == "task"]
                known = pages.ids_of(conn, tasks)
        for added in (place.ref, place.key):
            if added:
                notion.phone.delete_property(notion.workspace.sources[place.data_source], added.name)
        yield Tasks(notion, place, known)
