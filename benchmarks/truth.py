"""
The names that are asked for, and what is true of them.

Owns      the mix of names, the zone that holds them, whether a verdict is right.
Knows not servers, contenders, figures.

The same seed makes the same names, and every hundred of them has exactly the mix, so
that any slice is as good as another. No exchange is inside of the zone, so that answers
have no additional addresses: recursive resolvers leave them out too.
"""

from __future__ import annotations

import random

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# Percent, as in a mail server's log: most senders have an MX.
MIX = {"MX": 70, "IMPLICIT_MX": 15, "NXDOMAIN": 10, "NULL_MX": 3, "NODATA": 2}

# What one verdict costs if nothing is asked twice: MX, then A, then AAAA.
QUESTIONS = {"MX": 1, "IMPLICIT_MX": 2, "NXDOMAIN": 1, "NULL_MX": 1, "NODATA": 3}

# Names in the zone.
ZONE_SIZE = 150_000

# Mail providers that the domains share, the first ones most often.
_PROVIDERS = 400
_OWN_EXCHANGE = 0.4

# What a contender says that does not tell all outcomes apart.
_COARSE = {
    "ACCEPT": {"MX", "IMPLICIT_MX"},
    "REJECT": {"NXDOMAIN", "NULL_MX", "NODATA"},
    "NO_MX": {"IMPLICIT_MX", "NODATA"},
    "NOT_ACCEPTED": {"NULL_MX", "NODATA"},
}


@dataclass(frozen=True, slots=True)
class Name:
    """
    A domain, and the outcome that is right for it.

    Attributes:
        domain: Lower case, without a final dot.
        outcome: The name of a `senderdomain.Outcome`.
    """

    domain: str
    outcome: str

    @property
    def address(self) -> str:
        """A sender at this domain."""
        return f"user@{self.domain}"


def names(count: int, seed: int = 1) -> list[Name]:
    """Make *count* different names, always the same for one *seed*."""
    rng = random.Random(seed)  # noqa: S311 - it must repeat, not surprise
    block = [outcome for outcome, share in MIX.items() for _ in range(share)]
    made: dict[str, str] = {}
    while len(made) < count:
        rng.shuffle(block)
        for outcome in block:
            domain = _domain(rng)
            while domain in made:
                domain = _domain(rng)
            made[domain] = outcome
    pairs = list(made.items())[:count]
    return [Name(domain, outcome) for domain, outcome in pairs]


def _domain(rng: random.Random) -> str:
    # About 13 octets, as the domains of real senders have.
    letters = rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(6, 12))
    return "".join(letters) + ".com"


def zone(known: Iterable[Name], seed: int = 2) -> Iterator[str]:
    """Write the zone ``com`` as lines of a master file."""
    rng = random.Random(seed)  # noqa: S311 - likewise
    yield "$ORIGIN com."
    yield "$TTL 3600"
    yield "@ SOA ns.bench-server admin.bench-server 1 7200 3600 86400 300"
    yield "@ NS ns.bench-server"
    yield "ns.bench-server A 127.0.0.1"
    for name in known:
        yield from _records(name, rng)


def _records(name: Name, rng: random.Random) -> Iterator[str]:
    label = name.domain.removesuffix(".com")
    # Of a range that is globally reachable: some contenders insist on that.
    address = f"9.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
    match name.outcome:
        case "MX" if rng.random() < _OWN_EXCHANGE:
            yield f"{label} MX 10 mail.{label}.net."
        case "MX":
            provider = min(_PROVIDERS, int(rng.paretovariate(1)))
            for number in range(1, rng.choice((2, 3, 4))):
                yield f"{label} MX {10 * number} mx{number}.provider{provider}.net."
        case "IMPLICIT_MX":
            yield f"{label} A {address}"
        case "NULL_MX":
            yield f"{label} MX 0 ."
        case "NODATA":
            yield f'{label} TXT "no mail here"'
        case _:
            pass  # NXDOMAIN


def questions(asked: Iterable[Name]) -> Iterator[str]:
    """Write what has to be asked, one question a line, as dnsperf reads it."""
    for name in asked:
        for qtype in ("MX", "A", "AAAA")[: QUESTIONS[name.outcome]]:
            yield f"{name.domain} {qtype}"


def write(known: Iterable[Name], path: Path) -> None:
    """Keep names in a file, for `read`."""
    path.write_text("".join(f"{name.domain} {name.outcome}\n" for name in known))


def read(path: Path, start: int, count: int) -> list[Name]:
    """Read *count* names from number *start* on, beginning again after the last."""
    lines = path.read_text().splitlines()
    picked = [lines[at % len(lines)] for at in range(start, start + count)]
    return [Name(*line.split(" ")) for line in picked]


def stream(path: Path) -> Iterator[Name]:
    """Read names one by one, without keeping any."""
    with path.open() as lines:
        for line in lines:
            yield Name(*line.split())


def is_right(name: Name, said: str) -> bool:
    """Whether a contender that *said* this of *name* was right."""
    return name.outcome in _COARSE.get(said, {said})


def count_wrong(asked: Sequence[Name], said: Sequence[str]) -> int:
    """Count wrong verdicts, and those that are missing."""
    wrong = sum(
        not is_right(name, each) for name, each in zip(asked, said, strict=False)
    )
    return wrong + abs(len(asked) - len(said))
