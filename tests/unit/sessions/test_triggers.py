"""When a lesson applies: words are met from their beginning, in whatever script and between whatever signs."""

import pytest

from onefirm.sessions import triggers


@pytest.mark.parametrize(
    ("word", "text", "met"),
    [
        ("übergabe", "Zur „Übergabe“ am Montag", True),
        ("git push", "then git\n  PUSH--force", True),
        ("deposit", "two deposits, paid", True),
        ("posit", "two deposits, paid", False),
        ("数値", "その数値は", False),  # a word begins behind a blank
        ("数値", "その 数値", True),
        ("due", "over-due", True),
        ("due", "residue_due…", True),
    ],
)
def test_a_word_is_met_from_its_beginning(word: str, text: str, met: bool) -> None:
    assert bool(triggers.fits({"words": [word]}, {"text": text})) is met
    assert bool(triggers.fits({"words": [word]}, triggers.heard({"text": text}))) is met
