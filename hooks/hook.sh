#!/bin/sh
# hook.sh EVENT: decides, with the shell's builtins alone, whether this is a onefirm workspace; only then starts Python.
# Outside of one it prints nothing and exits 0: it runs before every edit of every project of the user.

event=$1
root=

# Sets root to the nearest folder at or above $1 that is an initialised workspace.
walk() {
  dir=$1
  while [ -n "$dir" ]; do
    if [ -f "$dir/onefirm.yaml" ] && [ -d "$dir/.onefirm" ]; then
      root=$dir
      return 0
    fi
    case $dir in
      */*) dir=${dir%/*} ;;
      *) return 1 ;;
    esac
  done
  return 1
}

walk "${CLAUDE_PROJECT_DIR:-}" || walk "$PWD"
if [ -z "$root" ]; then
  # A link into a workspace shows it only by the real path. `cd` of a missing folder fails, and that is all right.
  cd -P "${CLAUDE_PROJECT_DIR:-.}" 2>/dev/null && walk "$PWD"
  [ -n "$root" ] || exit 0
fi

# A client wall is a file: where none stands, no call pays for looking behind one.
if [ "$event" = wall ]; then
  set -- "$root"/.onefirm/walls/*.json
  [ -e "$1" ] || exit 0
fi

# The plugin's own environment comes before PATH, where python3 may be a shim that costs more than the hook itself.
here=${0%/*}
if [ -n "${ONEFIRM_PYTHON:-}" ]; then
  python=$ONEFIRM_PYTHON
elif [ -x "${CLAUDE_PLUGIN_DATA:-}/env/current/bin/python" ]; then
  python=$CLAUDE_PLUGIN_DATA/env/current/bin/python
elif [ -x "$here/../.venv/bin/python" ]; then
  python=$here/../.venv/bin/python
elif [ -x "$here/../.data/env/current/bin/python" ]; then
  python=$here/../.data/env/current/bin/python
else
  python=python3
fi

"$python" -I -S "$here/run.py" "$event" "$root"
code=$?

case $event:$code in
  *:0) exit 0 ;;
  guard:2 | wall:2 | stop:2) exit 2 ;;
  wall:*)
    echo "onefirm: a session here is declared for one client, and its wall could not be looked after (exit $code), so nothing is read. Python 3.9 or newer must be on PATH, or named by ONEFIRM_PYTHON; then run: onefirm doctor --fix" >&2
    exit 2
    ;;
  guard:*)
    # Claude Code lets a tool run when its guard fails with any other code.
    echo "onefirm: the guard could not run (exit $code), so nothing in this workspace may be edited. Python 3.9 or newer must be on PATH, or named by ONEFIRM_PYTHON; then run: onefirm doctor --fix" >&2
    exit 2
    ;;
  stop:*)
    # Blocks once and not in a loop: the marker says that it was said.
    if [ ! -e "$root/.onefirm/stop-failed" ] && { printf '' >"$root/.onefirm/stop-failed"; } 2>/dev/null; then
      echo "onefirm: this session's edits could not be checked (exit $code). Tell the operator to run: onefirm doctor --fix" >&2
      exit 2
    fi
    rm -f "$root/.onefirm/stop-failed" 2>/dev/null
    ;;
esac
printf '{"systemMessage":"onefirm: the hook %s failed (exit %s); run: onefirm doctor --fix"}\n' "$event" "$code"
exit 0
