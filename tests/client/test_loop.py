"""Memory in the real client: what was decided comes back by itself, and a mistake that recurs becomes a rule."""

from client.driver import Run, call
from client.firm import TOOLS, Firm

CHOICE = {"what": "The shop runs on Shopify", "why": "Acme has nobody to look after a server.", "about": ["P-1"]}
LINE = "about P-1): The shop runs on Shopify. Acme has nobody to look after a server."


def told(run: Run, what: str) -> list[int]:
    """How often the model was told something in each request of the conversation."""
    return [asked.text.count(what) for asked in run.lane()]


def test_a_decision_comes_back_at_the_prompt_that_it_concerns_once(firm: Firm) -> None:
    with firm.session() as session:
        session.ask("decide", call(f"{TOOLS}__decision_record", **CHOICE), "Noted.")
    with firm.session() as session:
        session.ask("What time is it?", "Late.")
        session.ask("On which server does the shop of Acme run?", "On Shopify.")
        session.ask("The server of the Acme shop, once more?", "On Shopify.")
    assert told(session.run, LINE) == [0, 1, 1]
