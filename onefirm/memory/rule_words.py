"""The words of a rule as they may be kept: of what lasts, without secrets, and naming nobody."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from onefirm.core import transience
from onefirm.core.attribution import By
from onefirm.core.errors import InvalidInput, Refused
from onefirm.memory import abstraction, statements, triggers
from onefirm.memory.abstraction import Names
from onefirm.memory.statements import SecretsCheck
from onefirm.memory.triggers import Trigger


@dataclass(frozen=True, slots=True)
class Said:
    """What is recorded of a rule: its words without names, what stood there and now doesn't, and when it applies.

    `met_in` are the sessions that taught it, where onefirm worded it out of what happened in them.
    """

    rule: str
    why: str
    replaced: tuple[tuple[str, str], ...] = ()
    theme: str = ""
    trigger: Trigger = field(default_factory=dict[str, list[str]])
    met_in: tuple[str, ...] = ()

    def told(self) -> str:
        """What was replaced, in a sentence; "" where nothing was."""
        return abstraction.told(self.replaced)


class RuleWords:
    """Takes names out of what is said of rules. Every method raises InvalidInput for words that can't be kept, and
    Refused for a secret or a name that can't be taken out.
    """

    def __init__(self, names: Names, secrets_check: SecretsCheck) -> None:
        self._names = names
        self._secrets_check = secrets_check

    def reason(self, why: str) -> Said:
        """A reason alone, of a rule that is known."""
        because = abstraction.abstracted(statements.statement("why", why, self._secrets_check), self._names())
        return Said("", because.text, because.replaced)

    def said(self, rule: str, why: str) -> Said:
        """A rule with its reason."""
        because = self.reason(why)
        worded = abstraction.abstracted(statements.statement("rule", rule, self._secrets_check), self._names())
        return Said(worded.text, because.why, tuple(dict.fromkeys(worded.replaced + because.replaced)))

    def whole(self, rule: str, why: str, theme: str, trigger: Trigger | None) -> Said:
        """A rule with all that is given with it. In theme and trigger a name isn't replaced but refused."""
        said, when, names = self.said(rule, why), triggers.checked(trigger), list(self._names())
        for word in (theme, *when.get("words", ()), *when.get("commands", ())):
            if abstraction.abstracted(word, names).replaced:
                raise Refused(
                    f"“{word}” names somebody, and a lesson serves every client.",
                    hint="Take a word for what is done, not for whom.",
                )
        return replace(said, theme=_theme(theme, self._secrets_check), trigger=when)

    def nameless(self, by: By) -> tuple[By, str]:
        """Who decides about a rule, the reason without names, and what was replaced in it, in a sentence."""
        statements.check_reason(by, self._secrets_check)
        if by.reason is None:
            return by, ""
        said = abstraction.abstracted(by.reason, self._names())
        return replace(by, reason=said.text), abstraction.told(said.replaced)


def check_lasting(why: str) -> None:
    """Raise Refused for what a failure that passes by itself has taught."""
    if passing := transience.kind_of(why):
        raise Refused(
            f"The reason tells of {passing}, which passes by itself: nothing is learned from it.",
            hint="Say what would have been wrong without it; a person may say `onefirm lesson record … --anyway`.",
        )


def _theme(theme: str, secrets_check: SecretsCheck) -> str:
    named = " ".join(theme.split()).casefold()
    if not statements.THEME.fullmatch(named):
        raise InvalidInput(f"“{theme[:40]}” is no theme.", hint="A theme is a word or two, such as finance.")
    return statements.statement("theme", named, secrets_check)
