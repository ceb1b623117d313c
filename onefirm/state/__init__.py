"""The state plane: records, their schema, the truth they come from, and what may happen to them."""
