"""Anchors are written and read in one form, and what is no anchor is never taken for one."""

import pytest

from onefirm.core.errors import InvalidInput
from onefirm.ledger.anchors import of_trailers, parse
from onefirm.ledger.events import Head

HEAD = Head("laptop-7f", 120, "ab" * 32)


def test_an_anchor_reads_as_its_head_is_written() -> None:
    assert parse(f"  {HEAD}\n") == HEAD


@pytest.mark.parametrize(
    "text",
    ["", "laptop", "laptop:0:" + "a" * 64, "laptop:-1:" + "a" * 64, "laptop:1:" + "A" * 64, "laptop:1:abc",
     "a:b:1:" + "a" * 64, "lap top:1:" + "a" * 64, "laptop:" + "9" * 40 + ":" + "a" * 64],
)  # fmt: skip
def test_anything_else_is_refused_with_the_form_to_use(text: str) -> None:
    with pytest.raises(InvalidInput, match="chain:number:hash"):
        parse(text)


def test_trailers_give_every_anchor_once_and_skip_what_is_none() -> None:
    later = Head("laptop-7f", 130, "cd" * 32)
    assert of_trailers([str(later), "none yet", f" {HEAD} ", str(HEAD)]) == (later, HEAD)
