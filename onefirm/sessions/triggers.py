"""When a lesson applies: what its trigger names, held against a moment of a session.

A trigger is `{"paths": [glob], "commands": [words], "kinds": [kind], "words": [word]}`, each part optional. Paths,
commands and kinds say where (any of them will do), words what must be spoken of there (any of them); a trigger of
words alone applies wherever they are spoken of.
"""

from __future__ import annotations

from onefirm.sessions import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onefirm.sessions.shapes import Moment

PARTS = ("paths", "commands", "kinds", "words")
_MOST_READ = 20_000  # characters of a moment's text: a hook has milliseconds
# All of ASCII goes through at once.
_LETTERS = "".join(sign if sign.isalnum() else " " for sign in map(chr, range(128)))


def heard(moment: Moment) -> Moment:
    """The moment with its words made ready, for who holds many triggers against it."""
    return {**moment, "plain": _plain(_said(moment))}


def fits(trigger: Mapping[str, Sequence[str]], moment: Moment) -> str:
    """What of the trigger the moment meets, for a person; "" where it doesn't apply."""
    spoken = _met(trigger, "words", moment) if trigger.get("words") else ""
    if trigger.get("words") and not spoken:
        return ""
    places = [part for part in ("paths", "commands", "kinds") if trigger.get(part)]
    if not places:
        return spoken
    return next((found for part in places if (found := _met(trigger, part, moment))), "")


def is_comparable(trigger: Mapping[str, Sequence[str]], moment: Moment) -> bool:
    """Whether the moment is one in which the trigger could have applied at all: a command for a trigger of commands."""
    if trigger.get("paths") or trigger.get("commands") or trigger.get("kinds"):
        return any(trigger.get(part) and moment.get(field) for part, field in _FIELDS)
    return bool(moment.get("text"))


_FIELDS = (("paths", "path"), ("commands", "command"), ("kinds", "kind"))


def _met(trigger: Mapping[str, Sequence[str]], part: str, moment: Moment) -> str:
    wanted = trigger[part]
    if part == "paths":
        path = moment.get("path", "")
        return f"path {path}" if path and walk.matches(path, tuple(wanted)) else ""
    if part == "kinds":
        kind = moment.get("kind", "")
        return f"kind {kind}" if kind in wanted else ""
    if part == "commands" and "command" not in moment:
        return ""
    held = moment.get("plain") or _plain(_said(moment))
    found = next((one for one in wanted if _plain(one).rstrip() in held), "")
    return f"{part[:-1]} “{found}”" if found else ""


def _said(moment: Moment) -> str:
    """What is said in it; of a command that is the command."""
    return moment["command"] if "command" in moment else moment.get("text", "")


def _plain(text: str) -> str:
    """Lower case, words parted by one space, a space before the first: so that a word is found from its beginning."""
    low = text[:_MOST_READ].lower().translate(_LETTERS)
    if not low.isascii():
        low = "".join(sign if sign.isalnum() else " " for sign in low)
    return " " + " ".join(low.split()) + " "
