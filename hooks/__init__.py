"""What Claude Code runs at its events: translation between a hook's JSON and `onefirm.sessions` and
`onefirm.narrative`.

Standard library only, under `python3 -I -S`, inside a budget of milliseconds. No decision is taken here.
"""
