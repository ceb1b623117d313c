"""Numbers as they are written in Europe: a decimal comma, and thousands behind points, spaces or apostrophes."""

from __future__ import annotations

import re

_MARKS = ". '\u2019\u00a0\u202f"
_GROUPED = rf"[0-9]{{1,3}}(?:(?P<mark>[{_MARKS}])[0-9]{{3}})(?:(?P=mark)[0-9]{{3}})*"
_COMMA = re.compile(rf"(?P<whole>-?(?:{_GROUPED}|[0-9]+)),(?P<decimals>[0-9]+)")
_POINTS = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3}){2,}")
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}(?:,[0-9]{3})+")  # a comma that groups is none of decimals


def pointed(number: str) -> str:
    """A number with a decimal point and without groups where it was written with a decimal comma; any other as it is.

    `1.250,00` is 1250.00 and `12,5` is 12.5. `1,250` stays: its comma may group.
    """
    if _POINTS.fullmatch(number):
        return number.replace(".", "")
    found = None if _THOUSANDS.fullmatch(number) else _COMMA.fullmatch(number)
    if found is None:
        return number
    return f"{re.sub(f'[{_MARKS}]', '', found['whole'])}.{found['decimals']}"
