"""Runs a server for exactly as long as its parent lives: `watcher.py FOLDER UID GID COMMAND…`.

Its stdin is a pipe that the parent keeps open. When that ends (the parent closed it, failed, or was killed) the server
gets SIGINT and FOLDER is removed. UID -1 means: run the server as ourselves. Standard library only.
"""

import shutil
import signal
import subprocess
import sys
import threading

STOP_S = 10.0


def main(folder: str, uid: str, gid: str, *command: str) -> int:
    """Run, wait, clean up; the server's exit code."""
    switch = {} if uid == "-1" else {"user": int(uid), "group": int(gid), "extra_groups": ()}
    try:
        with open(f"{folder}/log", "wb") as log:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, **switch)
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
        if server.wait():
            _show_end_of(f"{folder}/log")
        return server.returncode
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stop_at_end_of_input(server: "subprocess.Popen[bytes]") -> None:
    sys.stdin.buffer.read()
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()


def _show_end_of(log: str) -> None:
    with open(log, errors="replace") as file:
        sys.stderr.write(file.read()[-2000:])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
