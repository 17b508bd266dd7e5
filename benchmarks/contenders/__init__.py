"""
Who is compared, and in which section.

Owns      the list of contenders, their settings and their names in tables.
Knows not how they are run; their modules are loaded in their own processes only.
"""

from __future__ import annotations

from dataclasses import dataclass

OURS = "ours async, 50"
BARE = "bare asyncio, 50"
BARE_POLL = "bare poll, 50"
DNSPERF = "dnsperf"


@dataclass(frozen=True, slots=True)
class Contender:
    """
    One way to ask.

    Attributes:
        label: Its name in tables.
        module: In `contenders`.
        function: There; it takes a `Job`.
        in_flight: Lookups under way at the most, or threads.
        share: Which part of the names it is given; slow ones get fewer, so that a
            round takes about the same time for each.
    """

    label: str
    module: str
    function: str
    in_flight: int = 1
    share: float = 1.0


def _ours() -> list[Contender]:
    return [
        Contender("ours sync verify", "ours", "verify", 1, 0.5),
        Contender("ours sync verify_many", "ours", "verify_many", 200),
        Contender("ours async, 1", "ours", "tasks", 1, 0.5),
        Contender(OURS, "ours", "tasks", 50),
        Contender("ours async, 500", "ours", "tasks", 500),
        Contender("ours async, 2000", "ours", "tasks", 2000),
        Contender("ours async, 50, uvloop", "ours", "tasks_uvloop", 50),
        Contender("ours async verify_many", "ours", "async_many", 200),
    ]


_EMAIL_VALIDATOR = [
    Contender("email-validator", "dnspython", "email_validator", 1, 0.1),
    Contender("email-validator, 16 threads", "dnspython", "email_validator", 16, 0.1),
    Contender(
        "email-validator caching", "dnspython", "email_validator_caching", 1, 0.1
    ),
    Contender(
        "email-validator caching, 16 threads",
        "dnspython",
        "email_validator_caching",
        16,
        0.1,
    ),
]

_OTHERS = [
    Contender("dnspython sync", "dnspython", "resolver", 1, 0.1),
    Contender("dnspython sync, 16 threads", "dnspython", "resolver", 16, 0.1),
    Contender("dnspython async, 50", "dnspython", "tasks", 50, 0.1),
    Contender("checkdmarc", "dnspython", "checkdmarc", 1, 0.1),
    Contender("aiodns, 50", "cares", "aiodns_tasks", 50, 0.5),
    Contender("aiodns, 500", "cares", "aiodns_tasks", 500, 0.5),
    Contender("pycares epoll, 50", "cares", "epoll", 50, 0.5),
    Contender("pycares thread, 50", "cares", "thread", 50, 0.5),
]

_BARE = [
    Contender(BARE, "bare", "tasks", 50),
    Contender(BARE_POLL, "bare", "poll", 50),
]

COLD = [*_ours(), *_EMAIL_VALIDATOR, *_OTHERS, *_BARE]

_PINNED = {
    OURS,
    "ours async, 500",
    "ours sync verify",
    "ours sync verify_many",
    "email-validator",
    "email-validator, 16 threads",
    "dnspython sync",
    "aiodns, 50",
    "pycares epoll, 50",
    "pycares thread, 50",
    BARE,
    BARE_POLL,
}

PINNED = [contender for contender in COLD if contender.label in _PINNED]

# A round trip of 20 ms: only what is under way at the same time matters. One at a
# time would be 40 verdicts a second, whoever asks.
DELAYED = [
    Contender("ours sync verify, 64 threads", "ours", "verify", 64, 0.1),
    Contender("ours sync verify_many, 2000", "ours", "verify_many", 2000),
    Contender(OURS, "ours", "tasks", 50, 0.1),
    Contender("ours async, 500", "ours", "tasks", 500),
    Contender("ours async, 2000", "ours", "tasks", 2000),
    Contender("email-validator", "dnspython", "email_validator", 1, 0.002),
    Contender("email-validator, 16 threads", "dnspython", "email_validator", 16, 0.025),
    Contender("email-validator, 64 threads", "dnspython", "email_validator", 64, 0.05),
    Contender("dnspython async, 500", "dnspython", "tasks", 500, 0.1),
    Contender("aiodns, 500", "cares", "aiodns_tasks", 500, 0.5),
    Contender("pycares epoll, 500", "cares", "epoll", 500),
    Contender("pycares epoll, 2000", "cares", "epoll", 2000),
    Contender("pycares thread, 500", "cares", "thread", 500),
    Contender("pycares thread, 2000", "cares", "thread", 2000),
    Contender("bare asyncio, 2000", "bare", "tasks", 2000),
]

# Each does what the one before it does, and something more.
LADDER = [
    Contender("bare loop", "bare", "tasks", 50),
    Contender("+ the sender is parsed", "ladder", "parsed", 50),
    Contender("+ nothing can be guessed, answers are checked", "ladder", "checked", 50),
    Contender("+ repetitions, servers, TCP, turns, rows", "ladder", "engine", 50),
    Contender("+ what is found is remembered", "ladder", "remembered", 50),
    Contender("all of it: + single flight, safeguards, verdict", "ours", "tasks", 50),
]
