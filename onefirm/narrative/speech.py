"""A sentence as its writer means it: without marks, quotations and struck words, refs and titles as one token each."""

from __future__ import annotations

import re

from onefirm.narrative import heads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Patterns stay text until a sentence needs them: compiling all at import would cost the guard more than judging.
_QUOTE = r"[\"“„«]([^\"”“»]*)[\"”»]|(?<!\w)[‘']([^‘’']{3,})[’'](?!\w)|\*([^*]+)\*(?!\*)"
_STRUCK = r"~~.*?~~"
_LINK = r"!?\[([^\]]*)\]\([^)]*\)"
_MARK = r"[*`]+|(?<![^\W_])_+|_+(?![^\W_])|</?[a-z][^>]*>|<!--|-->"
_PIECE = r"§\w+|[^\W_]+(?:[-'_][^\W_]+)*|->|=>|[→⇒=:,;()!|·…—–?]|(?<=\s)-(?=\s)|\.(?=\s|$)"
_NAME_WORDS, _STRESS_WORDS = 2, 4


def spoken(sentence: str) -> str | None:
    """The sentence in the writer's own voice; None for a question."""
    text = sentence.replace("’", "'")
    if "~~" in text:
        text = re.sub(_STRUCK, " ", text)
    if "](" in text:
        text = re.sub(_LINK, r"\1", text)
    if any(mark in text for mark in "\"“„«'‘*"):
        text = re.sub(_QUOTE, _unquoted, text)
    if any(mark in text for mark in "*`_<-"):
        text = re.sub(_MARK, "", text)
    text = text.strip()
    return None if text.rstrip(" .)").endswith("?") else text


def tokens(text: str, marks: Mapping[str, str], titles_of: Callable[[str], Sequence[str]]) -> list[str]:
    """Words in small letters and signs, each by itself; a ref or a title of a record is its mark (`§0`). `May` keeps
    its capital.
    """
    for mark, ref in marks.items():
        for name in titles_of(ref):
            if name.lower() in text.lower():
                text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", f" {mark} ", text, flags=re.IGNORECASE)
    if "-" in text:
        # All refs by one pattern: one of its own for each would be compiled for each.
        by_ref = {ref: f" {mark} " for mark, ref in marks.items()}
        text = re.sub(heads.REF, lambda match: by_ref.get(heads.spelt(match[1]), match[0]), text)
    found = [piece if piece == "May" else piece.lower() for piece in re.findall(_PIECE, text)]
    return [word for token in found for word in _parted(token)]


def _parted(token: str) -> list[str]:
    # `on-hold` and `in_progress` are the words of a status; `n't` and `'s` stay with theirs.
    return token.replace("_", " ").replace("-", " ").split() if token[0].isalnum() else [token]


def _unquoted(match: re.Match[str]) -> str:
    """A word or two in quotation marks is a name or stressed and stays; more is somebody's speech. Emphasis may be
    longer.
    """
    if match[3] is not None:
        return match[3] if len(match[3].split()) <= _STRESS_WORDS else " … "
    words = match[1] or match[2] or ""
    announced = match.string[: match.start()].rstrip().endswith((":", "said", "says"))
    return words if len(words.split()) <= _NAME_WORDS and not announced else " … "
