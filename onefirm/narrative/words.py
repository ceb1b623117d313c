"""English words by the part they play in a statement about a record; `claims` reads with them. Tables, so that a reader
can check them.
"""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Verbs that say what something is or has become; the subject stands before them.
BEING = _set(
    "is are am was were been be became becomes become got gets remains remain stays stay stands stand sits counts "
    "turned lies goes went gone"
)
WAS = _set("was were")
HAVING = _set("has have had having being just")
# Verbs that put something into a status, with a preposition behind: `moved to`, `put … on`, `set … to`.
MOVING = _set(
    "moved move moves went gone go goes advanced advances shifted transitioned progressed switched switches "
    "promoted put puts returned came comes set sets marked marks flipped bumped jumped brought pushed took taken "
    "passed changed slid fell"
)
# Of these some take the status without a preposition: `put on hold`, `marked done`, `called off`.
SETTING = _set("put puts set sets marked marks called")
ENTERING = _set("entered enters reached reaches hit started starts began begun begins")
PLACING = _set("to into in on onto as under at")
LINKING = PLACING | _set("for over back out from by with")

# Words between subject, verb and status that change nothing about what is said.
FILLERS = _set(
    "now currently already officially finally today still fully completely formally again both just also actually "
    "basically effectively really well firmly safely happily sadly unfortunately fortunately last since yesterday "
    "tonight recently meanwhile then so and yes good great news hooray of the a an its mode status state stage "
    "phase truly all deep right indeed therefore thus hence too however please note update with by back"
)
DETERMINERS = _set("the this our whole entire current same dear")
BELONGING = _set("with of from for between by at that which")
PRONOUNS = _set("it this ours everything that")
PLURALS = _set("they these both")
ASPECTS = _set("status stage phase state")
CONJUNCTIONS = _set("and but then so")

# What makes a clause no statement of fact: denial, wish, plan, doubt, condition, report.
DENIALS = _set("not never no nobody none without neither nor cannot hardly barely nothing nearly almost")
INTENTIONS = _set(
    "will would shall should could can might may must ought going plan plans planned planning want wants wanted "
    "hope hopes hoped hoping expect expects expected aim aims intend intends propose proposes proposed suggest "
    "suggests suggested assume assumes assuming suppose imagine pretend maybe perhaps probably likely possibly "
    "need needs needed ready wait waits ask asks asked think thinks thought believe believes believed guess feels "
    "felt feel seems seemed seem looks looked let let's wish wishes consider considers try tries trying decide "
    "supposed due about like promised promises promise rumour rumor whether"
)
CONDITIONS = _set(
    "if unless whether once when whenever until till wherever provided before otherwise why how who whom what "
    "which where"
)
# Behind a claim in the present these make it a rule (`it is done when …`); `until` does not (`on hold until May`).
TIME_CONDITIONS = _set("if unless when once whenever")
OPENINGS = _set("if unless whether assume suppose imagine once when until")
REPORTS = _set(
    "says said say told tells claims claimed thinks believes wrote writes asked heard hears insists calls called"
)

# History: what was so for a time says nothing about now; `now`, `back` and their like bring it up to the present again.
SPELLS = _set("until till when once then while")
FRESH = _set("now back again today just currently yesterday finally tonight officially already")
ENDINGS = _set("over finished done complete completed closed behind ended")

# Status words that are nouns: alone they name a thing (`delivery on Friday`), so they need a verb or a preposition.
NOUNS = _set("discovery delivery review proposal draft lead idea work")
ADJECTIVES = _set("done paid sent won lost left open active former void live complete waiting doing")

# What may follow a status that is claimed; anything else makes it part of a longer noun (`delivery slots`, `paid
# work`).
FOLLOWERS = _set(
    "and but or since as for from now today yesterday on at because so again this last in to too already "
    "officially by before after while with although though which who thanks finally until till over tonight "
    "pending every all both not yet one when still a about almost just immediately despite under during within "
    "only next early late only , . ; : ! ( ) | · … — – -"
)
BREAKS = _set(", ; : ( ) — – - . ! | · … and but while whereas because so although though which where then")
SENTENCE_ENDS = _set(". ; ! ( ) |")
ARROWS = _set("→ -> => ⇒")
SIGNS = ARROWS | _set(": = — – - ( | ,")

_DAYS = _set("monday tuesday wednesday thursday friday saturday sunday")
_MONTHS = _set("january february march april june july august september october november december")
TIMES = (
    _DAYS
    | _MONTHS
    | _set(
        "may week month year morning noon afternoon evening this last today yesterday on in of the since after as from"
    )
)


def is_time(word: str) -> bool:
    """Whether a word only says when."""
    return word in TIMES or word[0].isdigit()


def is_unreal(word: str) -> bool:
    """Whether a word takes the fact out of the clause that it stands in."""
    return word in DENIALS or word in INTENTIONS or word in CONDITIONS or word.endswith(("n't", "'ll", "'d"))


def is_past(word: str) -> bool:
    """Whether a verb form tells of the past, as far as its ending shows."""
    return word.endswith("ed") or word in WAS or word in ("went", "came", "began", "gone", "got", "became")
