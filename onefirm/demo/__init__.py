"""A firm to try things in: fictional, a month old, lived through the same rooms that everybody else uses."""
