"""The tools, one file per noun, ten lines each: arguments in, one call of the core, an answer out."""
