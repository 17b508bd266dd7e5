"""
Contenders one after the other, round after round.

Owns      the order of runs, one fresh process for each, and the rows of figures.
Knows not what the contenders do, nor how rows are shown.

In each round every contender is asked for the same names, beginning at the same one;
the order is turned by a few places from round to round, so that nobody always comes
after the same other one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from . import truth
from .contenders import DNSPERF, Contender
from .processes import ROOT, run
from .server import Knot, program

# Seconds for one contender in one round.
_PATIENCE = 600

# How often dnsperf goes through the names, and how many questions it has under way.
_PASSES = 5
_OUTSTANDING = 100

# Names that come before the clock starts; they follow those that are timed.
WARMING = 200


@dataclass(frozen=True, slots=True)
class Row:
    """
    What one contender did in one round.

    Attributes:
        contender: Its label.
        round: From 0.
        verdicts: How many it gave.
        rate: Verdicts a second.
        cpu: Microseconds of processor time for a verdict.
        questions: For a verdict, as the server counted.
        wrong: Verdicts that are not right, or missing.
        rss: Octets of memory of the process at the most.
    """

    contender: str
    round: int
    verdicts: int
    rate: float
    cpu: float
    questions: float
    wrong: int
    rss: int


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where a round is run.

    Attributes:
        knot: The server.
        port: Whom to ask: the server itself, or what is in front of it.
        core: On which the contender runs; any if None.
        outstanding: Questions that dnsperf has under way.
        warming: Names that each contender is given before the clock starts.
    """

    knot: Knot
    port: int
    core: int | None = None
    outstanding: int = _OUTSTANDING
    warming: int = WARMING


def interleaved(
    place: Place, contenders: Sequence[Contender], rounds: int, names: int
) -> list[dict[str, Any]]:
    """Run every contender in every round, and dnsperf with them."""
    rows: list[Row] = []
    for number in range(rounds):
        turn = 3 * number % len(contenders)
        start = number * (names + place.warming)
        for contender in [*contenders[turn:], *contenders[:turn]]:
            count = max(100, round(contender.share * names))
            rows.append(_one(place, contender, number, (start, count)))
            _tell(rows[-1])
        rows.append(_dnsperf(place, number, (start, names)))
        _tell(rows[-1])
    return [asdict(row) for row in rows]


def _tell(row: Row) -> None:
    sys.stderr.write(
        f"  {row.round} {row.contender:36} {row.rate:9,.0f}/s {row.cpu:7.1f} us"
        f" {row.questions:5.2f} q {row.wrong} wrong\n"
    )


def ask(
    place: Place, contender: Contender, names: tuple[int, int]
) -> tuple[dict[str, Any], int]:
    """Run *contender* once, and give its result and how many questions came."""
    start, count = names
    job = {
        "module": contender.module,
        "function": contender.function,
        "in_flight": contender.in_flight,
        "names": str(place.knot.names),
        "port": place.port,
        "core": place.core,
        "start": start,
        "count": count,
        "warming": place.warming,
    }
    before = place.knot.questions()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.client"],
        input=json.dumps(job),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=_PATIENCE,
    )
    return json.loads(done.stdout), place.knot.questions() - before


def _one(
    place: Place, contender: Contender, number: int, names: tuple[int, int]
) -> Row:
    result, asked = ask(place, contender, names)
    verdicts = result["verdicts"]
    return Row(
        contender.label,
        number,
        verdicts,
        verdicts / result["wall"],
        1e6 * result["cpu"] / verdicts,
        # Those for warming up have been asked too, and are of the same mix.
        asked / (verdicts + place.warming),
        result["wrong"],
        result["rss"],
    )


def _dnsperf(place: Place, number: int, names: tuple[int, int]) -> Row:
    # Its verdicts are answers, and its names questions: it does not think.
    known = truth.read(place.knot.names, *names)
    questions = list(truth.questions(known))
    path = place.knot.names.with_name("questions")
    path.write_text("\n".join([*questions, ""]))
    command = [program("dnsperf"), "-f", "inet", "-s", "127.0.0.1"]
    command += ["-p", str(place.port), "-d", str(path), "-n", str(_PASSES)]
    command += ["-q", str(place.outstanding), "-c", "1", "-T", "1"]
    cost = run(command, core=place.core)
    rate = _figure(r"Queries per second:\s+([\d.]+)", cost.output)
    done = _figure(r"Queries completed:\s+(\d+)", cost.output)
    lost = _PASSES * len(questions) - done
    cpu = 1e6 * cost.cpu / max(1.0, done)
    return Row(DNSPERF, number, int(done), rate, cpu, 1.0, int(lost), cost.rss)


def _figure(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        msg = f"dnsperf did not say {pattern!r}: {text}"
        raise RuntimeError(msg)
    return float(found[1])
