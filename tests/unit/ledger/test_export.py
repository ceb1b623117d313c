"""What is exported for reading reads as it was written, whatever it was."""

import pytest

from onefirm.ledger.export import escaped


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("~~~ x", r"\~\~\~ x"),  # else a fence, and all that follows is gone
        ("&lt;b&gt; R&D", r"\&lt;b\&gt; R\&D"),
        ("1. one", r"1\. one"),
        ("12) two - 3.", r"12\) two - 3."),
        ("- x", r"\- x"),
        ("--- ", r"\--- "),
        ("# <b> `c` [d](e)", r"\# \<b\> \`c\` \[d\](e)"),
        ("2026-11-02: 3.5 %", "2026-11-02: 3.5 %"),
    ],
)
def test_nothing_that_is_exported_reads_as_markup(text: str, written: str) -> None:
    assert escaped(text) == written
