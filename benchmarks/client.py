"""
The process in which one contender does one job.

    python -m benchmarks.client < JOB

Owns      how a job comes in and its result goes out, as one line of JSON each.
Knows not what other contenders do, nor what comes of the figures.
"""

from __future__ import annotations

import json
import os
import sys

from importlib import import_module
from pathlib import Path
from typing import Any

from . import truth
from .job import Job
from .processes import most_memory


def main() -> None:
    """Do the job that standard input describes."""
    wanted = json.load(sys.stdin)
    if wanted["core"] is not None:
        os.sched_setaffinity(0, {wanted["core"]})
    start, count = wanted["start"], wanted["count"]
    known = truth.read(Path(wanted["names"]), start, count + wanted["warming"])
    job = Job(wanted["port"], known[:count], known[count:], wanted["in_flight"])
    module = import_module(f".contenders.{wanted['module']}", __package__)
    said = [str(each) for each in getattr(module, wanted["function"])(job)]
    print(json.dumps(_result(job, said)))  # noqa: T201 - this is what it is for


def _result(job: Job, said: list[str]) -> dict[str, Any]:
    return {
        "verdicts": len(said),
        "wall": job.wall,
        "cpu": job.cpu,
        "wrong": truth.count_wrong(job.names, said),
        "rss": most_memory(),
        "grown": job.grown,
    }


if __name__ == "__main__":
    main()
