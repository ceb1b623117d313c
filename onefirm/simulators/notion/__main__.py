"""`python -m onefirm.simulators.notion`: a simulated Notion as a process of its own.

It writes one line of JSON, `{"url": …, "token": …, "control_key": …}`, and serves until its standard input ends.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import suppress
from pathlib import Path

from onefirm.simulators.notion.server import TOKEN, Notion
from onefirm.simulators.notion.snapshot import Unreadable


def main() -> None:
    """Serve until standard input ends or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m onefirm.simulators.notion", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one, or that of the state")
    parser.add_argument("--token", default=TOKEN, help="what a client has to send; a state has its own")
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same ids")
    parser.add_argument("--index-lag-s", type=float, default=0, help="how late queries see a write")
    parser.add_argument("--per-connection", type=int, help="requests in 60 seconds")
    parser.add_argument("--state", type=Path, metavar="FILE", help="go on from this file, and keep every change in it")
    try:
        notion = Notion(**vars(parser.parse_args()))
    except (Unreadable, OSError) as refused:
        parser.exit(1, f"No Notion was started: {refused}\n")
    with notion, suppress(KeyboardInterrupt):
        said = {"url": notion.url, "token": notion.token, "control_key": notion.control_key}
        print(json.dumps(said), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
