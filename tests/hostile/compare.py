"""
The same experiments on others, where they can be run; on demand, and no test.

    pip install email-validator
    python -m tests.hostile.compare
"""

from __future__ import annotations

import sys
import time

from collections import Counter
from collections.abc import Callable

import dns.exception
import dns.message

from senderdomain import DomainVerifier, NxDomain
from senderdomain._address import parse_domain
from senderdomain._wire import answers, decode, question_section

from .messages import fuzzed
from .senders import senders
from .shapes import SHAPES, SIZES
from .test_cost import ASKED, SECTION, everything
from .test_idna import PATTERNS
from .test_linear import SHAPES as SENDER_SHAPES
from .test_linear import made

try:
    import email_validator
except ImportError:
    email_validator = None

# Seconds of CPU for one experiment on one input, after which it is not repeated.
ENOUGH = 0.5


class Nobody:
    """A resolver for which nothing exists."""

    def resolve(self, question, deadline):
        """See `Resolver`."""
        return NxDomain(60)


def cost(work: Callable[[], object]) -> float:
    """Measure CPU seconds, the least of up to three."""
    least = float("inf")
    for _ in range(3):
        start = time.thread_time()
        work()
        least = min(least, time.thread_time() - start)
        if least > ENOUGH:
            break
    return least


def _validated(text):
    try:  # noqa: SIM105 - which would cost more than a short sender
        email_validator.validate_email(text, check_deliverability=False)
    except email_validator.EmailNotValidError:
        pass


def _parsed(wire):
    try:  # noqa: SIM105 - which would cost more than a short sender
        dns.message.from_wire(wire).resolve_chaining()
    except dns.exception.DNSException:
        pass


def _worst(pairs):
    # Without the shape: this is about our limits, and no recipe against others.
    return f"{1e3 * max(cost(work) for _, work in pairs):.2f} ms"


def senders_refused(octets):
    """P3: the dearest shape of that many octets."""
    texts = {shape: made(shape, octets) for shape in SENDER_SHAPES}
    verifier = DomainVerifier(Nobody())
    yield _worst((s, lambda t=t: verifier.verify(t)) for s, t in texts.items())
    if email_validator:
        yield _worst((s, lambda t=t: _validated(t)) for s, t in texts.items())


def exceptions_on_senders():
    """P1: what is raised, for 50,000 senders, but the documented refusal."""
    verifier = DomainVerifier(Nobody())
    texts = [each for each in senders(1, 50_000) if isinstance(each, str)]

    def run(ask):
        raised = Counter()
        for text in texts:
            try:
                ask(text)
            except Exception as error:  # noqa: BLE001 - this is what is counted
                raised[type(error).__name__] += 1
        return ", ".join(f"{n:,} {kind}" for kind, n in raised.items()) or "none"

    yield run(verifier.verify)
    if email_validator:
        yield run(_validated)


def names():
    """I3: the dearest of 64 patterns in 253 octets."""
    texts = {
        ascii(p): (p * 253).encode()[:253].decode("utf-8", "ignore") for p in PATTERNS
    }
    yield _worst((p, lambda t=t: parse_domain(t)) for p, t in texts.items())
    if email_validator:
        yield _worst((p, lambda t=t: _validated(f"a@{t}")) for p, t in texts.items())


def messages_read(size):
    """W3: the dearest of all shapes."""
    wires = {shape: make(SECTION, size) for shape, make in SHAPES.items()}
    yield _worst((s, lambda w=w: everything(w, ASKED)) for s, w in wires.items())
    yield _worst((s, lambda w=w: _parsed(w)) for s, w in wires.items())


def exceptions_on_messages():
    """W1: what is raised, for 20,000 messages."""
    ours, theirs = Counter(), Counter()
    for question, wire in fuzzed(1, 20_000):
        try:
            dns.message.from_wire(wire)
        except Exception as error:  # noqa: BLE001 - this is what is counted
            theirs[type(error).__name__] += 1
        if answers(wire, question_section(question)):
            try:
                decode(wire, question)
            except Exception as error:  # noqa: BLE001 - this is what is counted
                ours[type(error).__name__] += 1
    for raised in (ours, theirs):
        yield ", ".join(f"{n:,} {kind}" for kind, n in raised.most_common(4)) or "none"


def main() -> None:
    """Print the table."""
    validator = "email-validator"
    experiments = [
        ("P1", "exceptions, 50,000 senders", validator, exceptions_on_senders()),
        *(
            (
                "P3",
                f"CPU of a sender of {size:,} octets",
                validator,
                senders_refused(size),
            )
            for size in (254, 4_096, 100_000)
        ),
        ("I3", "CPU of a name in 253 octets", validator, names()),
        ("W1", "exceptions, 20,000 messages", "dnspython", exceptions_on_messages()),
        *(
            (
                "W3",
                f"CPU of an answer of {size:,} octets",
                "dnspython",
                messages_read(size),
            )
            for size in SIZES
        ),
    ]
    print("| promise | experiment | senderdomain | other |")
    print("| --- | --- | --- | --- |")
    for promise, what, other, results in experiments:
        ours, theirs = [*results, "not installed"][:2]
        print(f"| {promise} | {what} | {ours} | {other}: {theirs} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
