"""Narrative: what a row can't hold, in a tree of files that belong to records. The rule is "state first, then
narrative".

`heads`, `blocks`, `claims`, `properties`, `edits` and `guard` are read by hooks: standard library only, no heavy part
of it.
"""
