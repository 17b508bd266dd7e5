"""
W1 with atheris, which follows the branches that a message takes; on demand.

    pip install atheris
    python -m tests.hostile.atheris_decoder -max_total_time=600

It has a wheel for some versions of Python on Linux only, and is no part of the tests.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["senderdomain"]):
    from senderdomain._wire import question_section

    from .messages import seeds
    from .test_decoder import examine

SEEDS = seeds()


def one(octets: bytes) -> None:
    """Read octets as an answer to one of the questions, behind its own header."""
    if not octets:
        return
    question, wire = SEEDS[octets[0] % len(SEEDS)]
    section = question_section(question)
    examine(octets[1:], question)
    examine(wire[:6] + octets[1:7] + section + octets[7:], question)


def main() -> None:
    """Fuzz until somebody stops it."""
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
