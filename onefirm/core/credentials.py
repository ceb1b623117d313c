"""What secrets look like: keys by their shape, passwords by the word before them, bank accounts by their check digits.
Patterns and nothing else, so that a hook can hold a text against them.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Each ends in enough characters of a key's alphabet that a sentence does not look like one. Before it stands what it
# never lacks: to look for that takes no time, and most texts have none of it.
SHAPES: Mapping[str, tuple[tuple[str, ...], re.Pattern[str]]] = {
    "a private key": (("PRIVATE KEY",), re.compile(r"-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY")),
    "an API key": (("sk-",), re.compile(r"\bsk-(?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{20,}")),
    "a Stripe key": (("k_", "whsec_"), re.compile(r"\b(?:[rsp]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,}")),
    "a GitHub token": (
        ("gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_"),
        re.compile(r"\b(?:gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})"),
    ),
    "a GitLab token": (("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    "a Notion token": (("ntn_", "secret_"), re.compile(r"\b(?:ntn|secret)_[A-Za-z0-9]{32,}")),
    "a Slack token": (("xox",), re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{10,}")),
    "an AWS key": (("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    "a Google key": (("AIza",), re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    "an npm token": (("npm_",), re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    "a PyPI token": (("pypi-",), re.compile(r"\bpypi-[A-Za-z0-9_-]{50,}")),
    "a signed token": (("eyJ",), re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")),
    "a password in an address": (
        ("://",), re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,100}:[^\s/:@]{3,200}@")
    ),
}  # fmt: skip

_NAMES = r"(?<!1)(?:password|passwort|passwd|pwd|passcode|passphrase|kennwort|mot de passe|contrase(?:ñ|n)a)s?"
_HINTS = ("passw", "pwd", "passcode", "passphrase", "kennwort", "mot de passe", "contrase")
_CLOSED, _QUOTED = r"[\"'`*_)]{0,4}", r"[ \t\"'`*_]{0,7}"
# What may be a password stands behind a sign (`password: …`), behind some words and a sign or a verb (`password for the
# mail: …`, `the password is …`), or right there (`ftp password …`).
_SET = re.compile(rf"(?i){_NAMES}{_CLOSED}[ \t]{{0,3}}[:=|]{_QUOTED}(\S{{1,200}})")
_SAID = re.compile(
    rf"(?i){_NAMES}{_CLOSED} [^:=|.,;\n]{{0,30}}(?:[:=|]|\b(?:is|ist|est|es|lautet)\b) {_QUOTED}(\S{{1,200}})"
)
_BESIDE = re.compile(rf"(?i){_NAMES}{_CLOSED} {_QUOTED}(\S{{1,200}})")
# One plain word is a password where the line holds nothing else.
_ALONE = re.compile(
    rf"(?im)^[^\w\n]{{0,6}}(?:[\w.]{{1,20}}[ -]){{0,2}}{_NAMES}{_CLOSED}[ \t]{{0,3}}[:=][ \t]{{0,3}}[\"'`*_]{{0,4}}"
    r"([^\W\d_]{5,40})[\"'`*_]{0,4}[ \t]{0,3}$"
)
_ELSEWHERE = re.compile(
    r"(?i)(?:reset|lost|changed|change|expired|forgotten|unknown|missing|required|optional|hidden|secret|none|null|"
    r"true|false|string|strong|weak|shared|same|keyring|keychain|vault|bitwarden|keepass|keepassxc|lastpass|"
    r"dashlane|enpass|personal|private|redacted|removed|pending|rotate|rotated|renewed|revoked|never|later|"
    r"tomorrow|today|asked|agreed|vergessen|geändert|unbekannt|erforderlich|zurückgesetzt|geheim|tresor|"
    r"schlüsselbund|verloren|abgelaufen|placeholder|example|changeme|password|passwort|kennwort|oublié|perdu|"
    r"olvidada|perdida)$"
)
# What stands for a value, points at one, or is something else: a date, a sum, a ref, an address, a file, “12-digit”.
_NO_VALUE = re.compile(
    r"(?i)[<\[({]|\$\{?[a-z_]+\}?$|%[a-z_]+%|[\W_]+$|x+$|\W*(?:\.{3}|…)|\S*://|\S+@\S+\.[a-z]{2,}$"
    r"|(?:1password|op:|env:|os\.|secrets?[.:])|(?:19|20)\d\d$|(?=\d*[^\d\s])[\d.,:/+%-]+$|[a-z]{1,4}(?:-\d+)+(?:['’]s)?$"
    r"|\d{1,3}\+?-[^\W\d]+$|[2m]fa\b|\S+\.(?:md|pdf|txt|docx?|xlsx?|csv|png|jpe?g|zip|kdbx|html?|ya?ml|json)$"
)
_SIGN_INSIDE = re.compile(r"[^\W_][!#$%^&*?=~@]+\w")

_IBAN = re.compile(r"(?i)(?<![a-z0-9])[a-z]{2}\d\d(?=[ \u00a0\u202f]?[a-z0-9])")
# How long such a number is, and in which countries: ISO 13616.
_LENGTHS = {
    15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK", 21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "PT ST",
    26: "IS TR", 27: "FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU",
    31: "MT SC", 32: "LC",
}  # fmt: skip
_LENGTH_IN = {country: length for length, countries in _LENGTHS.items() for country in countries.split()}
_FEWEST_DIGITS = 8


def holds_password(text: str) -> bool:
    """Whether a word for a password is followed by what is no placeholder and no pointer to it."""
    low = text.casefold()
    if not any(hint in low for hint in _HINTS):
        return False
    return (
        any(_is_password(value, 4) for value in _SET.findall(text))
        or any(_is_password(value, 6) for shape in (_SAID, _BESIDE) for value in shape.findall(text))
        or any(not _ELSEWHERE.match(value) for value in _ALONE.findall(text))
    )


def _is_password(written: str, shortest: int) -> bool:
    value = written.rstrip("\"'`*_.,;:!?)|")
    if len(value) < shortest or _NO_VALUE.match(value):
        return False
    return any(char.isdigit() for char in value) or bool(_SIGN_INSIDE.search(value))


def holds_account(text: str) -> bool:
    """Whether a text holds an IBAN whose length and check digits are right."""
    return any(_is_iban(number) for number in _numbers(text))


def _numbers(text: str) -> Iterator[str]:
    for found in _IBAN.finditer(text):
        length = _LENGTH_IN.get(found[0][:2].upper(), 0)
        number, at = "", found.start()
        while len(number) < length and at < len(text):
            if text[at].isascii() and text[at].isalnum():
                number += text[at].upper()
            elif text[at] not in " \u00a0\u202f":
                break
            at += 1
        if length and len(number) == length and not text[at : at + 1].isalnum():
            yield number


def _is_iban(number: str) -> bool:
    digits = "".join(str(int(char, 36)) for char in number[4:] + number[:4])
    return sum(map(str.isdigit, number[4:])) >= _FEWEST_DIGITS and int(digits) % 97 == 1


ACCOUNT = "a bank account"
JUDGED: Mapping[str, Callable[[str], bool]] = {"a password": holds_password, ACCOUNT: holds_account}


def kind_in(text: str) -> str | None:
    """What kind of secret a text has the shape of, `an API key`; None for an ordinary text."""
    for kind, (never_lacks, shape) in SHAPES.items():
        if any(sign in text for sign in never_lacks) and shape.search(text):
            return kind
    return next((kind for kind, holds in JUDGED.items() if holds(text)), None)
