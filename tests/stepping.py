"""A lookup, driven by hand."""

from __future__ import annotations


def advance(steps, answer=None):
    """Send *answer* in, if there is one; get a step, or the result, out."""
    try:
        return next(steps) if answer is None else steps.send(answer)
    except StopIteration as done:
        return done.value
