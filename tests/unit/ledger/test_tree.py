"""A tree draws as people expect it, at any width."""

from onefirm.ledger.tree import Node, render

TREE = Node(
    "P-12",
    children=(
        Node("what happened", children=(Node("it began", asked=True), Node("it went on")), left_out=3),
        Node("related", children=(Node("a client with a rather long name that has to wrap"),)),
    ),
)


def test_branches_are_drawn_and_what_was_cut_is_counted() -> None:
    assert render(TREE) == "\n".join((
        "P-12",
        "├─ what happened",
        "│  ├─ it began  ◀ asked",
        "│  ├─ it went on",
        "│  └─ … 3 more",
        "└─ related",
        "   └─ a client with a rather long name that has to wrap",
    ))  # fmt: skip


def test_long_lines_wrap_inside_their_branch() -> None:
    lines = render(TREE, width=36).splitlines()
    assert lines[-2:] == ["   └─ a client with a rather long", "         name that has to wrap"]
    assert max(map(len, lines)) <= 36
