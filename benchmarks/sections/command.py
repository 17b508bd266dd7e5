"""
A long list: ``senderdomain check -i``, and `verify_many` in a program.

Owns      the list, what its lines must become, speed and memory.
Knows not how a list is worked through.
"""

from __future__ import annotations

import random
import sys
import time

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from senderdomain import DomainVerifier, FindingCache
from senderdomain.resolvers import StubResolver

from .. import truth
from ..inside import call
from ..lab import Lab
from ..processes import run
from ..tables import number, table
from ..truth import Name

_ADDRESSES = 1_000_000
_DOMAINS = 100_000

# All of these domains stay in a cache of the default size.
_FEW_DOMAINS = 10_000

# A list of many addresses begins with each domain once; what comes after that is
# warm, as far as the cache can hold it.
_SEED = 3


def _list(names: Sequence[Name], addresses: int, path: Path) -> None:
    rng = random.Random(_SEED)  # noqa: S311 - it must repeat
    order = list(range(len(names)))
    with path.open("w") as lines:
        for at in range(0, addresses, len(order)):
            rng.shuffle(order)
            for number_of_name in order[: addresses - at]:
                lines.write(f"u{at}@{names[number_of_name].domain}\n")


def measure(lab: Lab) -> Any:  # noqa: ANN401 - what can be written as JSON
    """Run the command on lists, and `verify_many` in a process of its own."""
    addresses = lab.some(_ADDRESSES, 2_000)
    found = []
    for domains in (_DOMAINS, _FEW_DOMAINS) if not lab.smoke else (500,):
        names = truth.read(lab.knot.names, 0, domains)
        for options in ([], ["--unordered"]):
            cold = _checked(lab, names, domains, options)
            whole = _checked(lab, names, addresses, options)
            found.append(_figures(cold, whole, domains, options))
    wanted = {
        "names": str(lab.knot.names),
        "port": lab.knot.port,
        "domains": lab.some(_DOMAINS, 500),
        "addresses": addresses,
    }
    return {"command": found, "library": call("sections.command", "listed", wanted)}


def _checked(
    lab: Lab, names: Sequence[Name], addresses: int, options: list[str]
) -> dict[str, Any]:
    source, result = lab.directory / "addresses", lab.directory / "verdicts"
    _list(names, addresses, source)
    command = [sys.executable, "-m", "senderdomain", "check", "-i", str(source)]
    command += ["--server", lab.knot.address, *options]
    before = lab.knot.questions()
    with result.open("wb") as output:
        cost = run(command, output=output)
    asked = lab.knot.questions() - before
    if cost.status not in (0, 1):
        msg = f"check -i ended with {cost.status}"
        raise RuntimeError(msg)
    wrong = _wrong(names, source, result, ordered=not options)
    return {
        "addresses": addresses,
        "wall": cost.wall,
        "cpu": cost.cpu,
        "rss": cost.rss,
        "questions": asked,
        "wrong": wrong,
    }


def _wrong(names: Sequence[Name], source: Path, result: Path, *, ordered: bool) -> int:
    known = {name.domain: name.outcome for name in names}
    asked = source.read_text().splitlines()
    said = [_read(line) for line in result.read_text().splitlines()]
    if not ordered:
        asked.sort()
        said.sort()
    expected = ((each, known[each.partition("@")[2]]) for each in asked)
    wrong = sum(one != other for one, other in zip(expected, said, strict=False))
    return wrong + abs(len(asked) - len(said))


def _read(line: str) -> tuple[str, str]:
    # "accept  MX                 250 user@example.org... Sender ok"
    _, outcome, _, rest = line.split(maxsplit=3)
    return rest.partition("...")[0].partition(" ")[0], outcome


def _figures(
    cold: dict[str, Any], whole: dict[str, Any], domains: int, options: list[str]
) -> dict[str, Any]:
    more = whole["addresses"] - cold["addresses"]
    return {
        "domains": domains,
        "order": "as they come" if options else "kept",
        "addresses": whole["addresses"],
        "cold rate": cold["addresses"] / cold["wall"],
        "whole rate": whole["addresses"] / whole["wall"],
        "warm rate": more / max(1e-9, whole["wall"] - cold["wall"]),
        "rss of domains": cold["rss"],
        "rss": whole["rss"],
        "questions": whole["questions"],
        "wrong": cold["wrong"] + whole["wrong"],
    }


def listed(wanted: dict[str, Any]) -> dict[str, Any]:
    """Go through a list twice, in one process with a cache that holds it."""
    names = truth.read(Path(wanted["names"]), 0, wanted["domains"])
    addresses = [f"u{n}@{names[n % len(names)].domain}" for n in range(len(names))]
    many = [
        each for n in range(wanted["addresses"] // len(names)) for each in addresses
    ]
    resolver = StubResolver([f"127.0.0.1:{wanted['port']}"])
    rates = {}
    said: list[str] = []
    with DomainVerifier(resolver, cache=FindingCache(4 * len(names))) as verifier:
        lists = {"cold": addresses, "once more": addresses, "warm": many}
        for label, items in lists.items():
            start = time.perf_counter()
            verdicts = verifier.verify_many(items, ordered=True)
            said = [verdict.outcome.name for verdict in verdicts]
            rates[label] = len(items) / (time.perf_counter() - start)
    expected = names * (len(many) // len(names))
    return {"rates": rates, "wrong": truth.count_wrong(expected, said)}


def show(data: Any) -> list[str]:  # noqa: ANN401
    """Write what the command did, and what the library can do."""
    rows = (
        [
            f"{each['addresses']:,} of {each['domains']:,} domains",
            each["order"],
            number(each["cold rate"]),
            number(each["warm rate"]),
            number(each["whole rate"]),
            number(each["rss of domains"] / (1 << 20)),
            number(each["rss"] / (1 << 20)),
            f"{each['questions']:,}",
            f"{each['wrong']}",
        ]
        for each in data["command"]
    )
    header = (
        "`check -i`",
        "order",
        "cold/s",
        "warm/s",
        "all/s",
        "MiB, each domain once",
        "MiB",
        "questions",
        "wrong",
    )
    rates = data["library"]["rates"]
    return [
        *table(header, rows),
        "*Cold* is a list that has each domain once, start of the program included;",
        "*warm* is what a list of all addresses takes longer than that. The cache of",
        "the command holds 65,536 domains, and half as many again that are in use.",
        "",
        "`verify_many` in a program, with room for all domains:",
        f"{number(rates['cold'])} addresses/s cold, {number(rates['warm'])} warm.",
        "",
    ]
