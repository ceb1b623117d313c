"""The stand-in for Claude Code in the demo."""

import subprocess
import sys
from pathlib import Path

LIVE = """
import sys, time
from pathlib import Path
from onefirm.demo.client import Client
client = Client(Path(sys.argv[1]))
print("lives", flush=True)
time.sleep(600)
"""


def test_it_is_gone_when_the_demo_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", LIVE, tmp_path], stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout
        assert demo.stdout.readline() == "lives\n"
        demo.kill()
        rest, _ = demo.communicate(timeout=60)  # ends with the last process that has this pipe
        assert rest == ""
