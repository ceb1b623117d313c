"""Nearness of meaning, the optional extra `vectors`: a local model turns passages and questions into vectors.

Only `meaning` may be imported without the extra; it loads the others when a model is in use.
"""
