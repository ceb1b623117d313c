"""What a session may see: the whole firm, or, behind a client wall, what belongs to no other client."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from onefirm.core.errors import InvalidInput, Refused
from onefirm.core.ids import parse_ref


def _hides_none(_path: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Sight:
    """`client` names the one that the session is declared for, and `ref` is its ref; empty in a firm-wide session.

    `hidden` are the refs that belong to others (records, what memory has about them, and what they were called before),
    `known` those that may be seen. `hides_path` tells of a path below the workspace whether its file is hidden;
    `way_out` is what to do for whoever needs more. `renew` gives the sight as the firm is now: what was taken over
    since may belong to others too.
    """

    client: str = ""
    hidden: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    hides_path: Callable[[str], bool] = _hides_none
    way_out: str = ""
    renew: Callable[[], Sight] | None = None
    ref: str = ""

    def sees(self, refs: Iterable[str]) -> bool:
        """Whether nothing among these is hidden."""
        return self.hidden.isdisjoint(refs)

    def check(self, refs: Iterable[str]) -> None:
        """Raise Refused where a ref is hidden, and in the same words where there is none: the answer tells nothing."""
        for named in refs if self.client or self.hidden else ():
            try:
                ref = parse_ref(named)
            except InvalidInput:
                continue  # it is no ref: whoever wanted one says so
            if not self.client and ref in self.hidden:
                raise Refused(
                    f"{ref} is a note of another session, and not for this one.",
                    hint=f"The operator reads it: onefirm memory show {ref}",
                )
            if self.client and ref not in self.known:
                raise Refused(
                    f"{ref} is not for this session, which is declared for {self.client}: it belongs to somebody else, "
                    "or there is no such thing.",
                    hint=self.way_out,
                )


WHOLE = Sight()


class Sighted:
    """A room of the firm that a session behind a client wall sees a part of."""

    _sight: Sight = WHOLE

    def behind(self, sight: Sight) -> Self:
        """The same room as a session with this sight has it: what is hidden is left out, naming it is refused."""
        seen = copy.copy(self)
        seen._sight = sight
        return seen
