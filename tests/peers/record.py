"""
Record what the servers say to the senders of `more`.

    .venv/bin/python -m tests.peers.record

Owns      ``tests/recorded/more.json``, with which the profiles are tested where no
          server can be started.
Knows not what is predicted.
"""

from __future__ import annotations

import json
import sys

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.recorded_world import RECORDED

from .live import Live, missing
from .more import MORE
from .servers import ROOTS

WORLD = "tests.recorded_world:live_world"


def main() -> None:
    """Ask all servers, and write down what they say."""
    for server in ROOTS:
        if reason := missing(server):
            sys.exit(reason)
    with TemporaryDirectory() as home, Live(MORE, WORLD, Path(home)) as live:
        said = {
            server: {
                "about": live.about(server),
                "cases": {
                    name: [answer.stage, answer.code, *answer.lines]
                    for name, answer in live.answers(server).items()
                },
            }
            for server in ROOTS
        }
    text = json.dumps(said, indent=0)
    (RECORDED / "more.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
