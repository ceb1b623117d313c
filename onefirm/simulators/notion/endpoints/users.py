"""`/v1/users`: who is in the workspace, and whom the token acts as."""

from __future__ import annotations

from onefirm.simulators.notion import questions, shapes
from onefirm.simulators.notion.call import Call
from onefirm.simulators.notion.objects import Json
from onefirm.simulators.notion.people import User


def all_of_them(call: Call) -> Json:
    """List users."""
    call.need("users")
    asked = call.asked(questions.USERS)
    users = list(call.workspace.users.values())
    start, end, cursor = call.cut([one.id for one in users], asked)
    return shapes.listed([_shown(call, one) for one in users[start:end]], cursor, "user")


def me(call: Call) -> Json:
    """The bot of the token."""
    call.asked()
    return _shown(call, call.connection.bot)


def one(call: Call) -> Json:
    """One user."""
    call.need("users")
    user = call.workspace.users.get(call.id("user"))
    if not user:
        raise call.missing("user", call.at[0])
    return _shown(call, user)


def _shown(call: Call, user: User) -> Json:
    return user.shown(call.workspace.id, call.workspace.name)
