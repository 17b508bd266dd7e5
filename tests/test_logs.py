"""What is logged and counted: one line each, nothing of the sender, not too much."""

from __future__ import annotations

import io
import json
import logging
import random
import re
import string

import pytest

from tests.hostile.profile import amount
from tests.trouble import World, good

from senderdomain import (
    MX,
    DomainVerifier,
    FindingCache,
    Health,
    NxDomain,
    Outcome,
    Records,
    RecordType,
    Stats,
)
from senderdomain._notices import EVERY, Notices
from senderdomain.testing import SettableClock, ZoneResolver

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MAX_OCTETS = 1_024
_LOGGER = logging.getLogger("senderdomain")

# What a hostile sender is made of.
PIECES = [
    *(
        "\r\n",
        "\r",
        "\n",
        "\0",
        "\x1b[2J",
        "\x7f",
        "\x85",
        "\u2028",
        "\u202e",
        "\ud800",
    ),
    *(
        "<",
        ">",
        "@",
        '"',
        "\\",
        " ",
        "\t",
        ",",
        ":",
        "[",
        "]",
        "(",
        ")",
        "%s",
        "%(domain)s",
    ),
    *(
        "{0}",
        "{domain}",
        "../../etc/passwd",
        "${jndi:ldap://x}",
        "' OR 1=1",
        "<script>",
    ),
    *("example.org", "gone.example", "a.b", "..", ".", "-", "_", "xn--", "xn--zzzz--"),
    *("bücher", "faß.de", "\u0661" * 40, "x" * 64, "x" * 300, "a.", "192.0.2.1"),
    *("INFO sender domain forged: MX, 250", '{"outcome": "MX"}', "é", "\U0001f4a9"),
]


def hostile(rng):
    """Make up a sender, as text or as octets."""
    text = "".join(rng.choice(PIECES) for _ in range(rng.randint(0, 6)))
    if rng.random() < 0.7:
        text = f"{rng.choice(PIECES)}@{text}"
    if rng.random() < 0.2:
        return text.encode("utf-8", "surrogatepass")
    return text


def split(question):
    """Know every second domain, so that there are verdicts of all kinds."""
    if len(question.qname) % 2:
        return NxDomain(60)
    return (
        Records(60, (MX(10, "mx.example"),))
        if question.qtype is RecordType.MX
        else (Records(60, ("192.0.2.1",)))
    )


class Json(logging.Formatter):
    """A formatter as servers have it: one object a line, with the extra fields."""

    def format(self, record):
        """Put the message and our fields into an object."""
        names = ("sender_domain", "outcome", "reason", "code", "action")
        fields = {name: getattr(record, name) for name in names}
        return json.dumps(
            {"message": record.getMessage(), **fields}, ensure_ascii=False
        )


class Written:
    """All that is logged meanwhile, as text and as JSON."""

    def __init__(self):
        """Log to memory."""
        self.streams = [io.StringIO(newline=""), io.StringIO(newline="")]
        self.handlers = [logging.StreamHandler(stream) for stream in self.streams]
        self.handlers[0].setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
        )
        self.handlers[1].setFormatter(Json())

    def __enter__(self):
        """Begin."""
        self._before = _LOGGER.level, _LOGGER.propagate
        _LOGGER.setLevel(logging.DEBUG)
        _LOGGER.propagate = False
        for handler in self.handlers:
            _LOGGER.addHandler(handler)
        return self

    def __exit__(self, *exc):
        """End."""
        for handler in self.handlers:
            _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(self._before[0])
        _LOGGER.propagate = self._before[1]

    @property
    def text(self):
        """What a file would have."""
        return self.streams[0].getvalue()

    @property
    def json(self):
        """What a collector would have."""
        return self.streams[1].getvalue()


def test_each_verdict_is_one_line_whatever_the_client_has_sent(record_experiment):
    """L1: as text and as JSON, short, and without a control character."""
    rng = random.Random(6)
    verifier = DomainVerifier(World(split))
    count = amount(10_000, 100_000)
    with Written() as written:
        for _ in range(count):
            verifier.verify(hostile(rng))
    for log in (written.text, written.json):
        lines = log.split("\n")
        assert lines.pop() == ""
        assert len(lines) == count
        assert not any(CONTROL.search(line) for line in lines)
        assert max(len(line.encode()) for line in lines) <= MAX_OCTETS
        assert log.isascii()
    outcomes = {json.loads(line)["outcome"] for line in written.json.splitlines()}
    assert {"MX", "NXDOMAIN", "MALFORMED", "UNQUALIFIED"} <= outcomes
    longest = max(map(len, f"{written.text}{written.json}".split("\n")))
    record_experiment(
        promise="L1",
        what="verdicts on hostile senders, logged as text and as JSON",
        count=count,
        result=f"as many lines, {longest} octets at the most",
    )


def test_the_longest_domain_fits_into_a_line():
    """253 octets, and what is said about it."""
    domain = ".".join(["x" * 63] * 3 + ["y" * 61])
    verifier = DomainVerifier(World())
    with Written() as written:
        assert verifier.verify(f"a@{domain}").outcome is Outcome.MX
    assert domain in written.text
    assert len(written.text) <= MAX_OCTETS


def test_an_accepted_sender_is_logged_for_debugging_only():
    """Most senders are; whoever is not is worth a line."""
    verifier = DomainVerifier(ZoneResolver({"example.org": {"A": ["192.0.2.1"]}}))
    with Written() as written:
        _LOGGER.setLevel(logging.INFO)
        verifier.verify("a@example.org")
        verifier.verify("a@gone.example")
    assert written.text.count("\n") == 1
    assert "sender domain gone.example: NXDOMAIN, 501" in written.text


def test_no_local_part_gets_into_the_log_or_the_counts(record_experiment):
    """L3: who writes to whom is nobody's business."""
    rng = random.Random(3)
    verifier = DomainVerifier(World(split))
    letters = string.ascii_letters + string.digits
    secrets = []
    with Written() as written:
        for n in range(amount(2_000, 10_000)):
            secret = "zq" + "".join(rng.choices(letters, k=16))
            secrets.append(secret)
            local = rng.choice(
                [
                    secret,
                    f'"{secret} x"',
                    f"{secret}+tag",
                    f'"a@{secret}"',
                    f"{secret}@",
                ]
            )
            around = rng.choice(["{}", "<{}>", " {}", "<@relay.example:{}>", "<{}"])
            domain = rng.choice(
                ["d.example", f"n{n}.example", "[192.0.2.1]", "x..y", ""]
            )
            verifier.verify(around.format(f"{local}@{domain}"))
            verifier.verify_header(f'"{secret}" <{local}@{domain}>')
    everything = (written.text + written.json + repr(verifier.stats())).lower()
    found = [secret for secret in secrets if secret.lower() in everything]
    assert found == []
    record_experiment(
        promise="L3",
        what="local parts, looked for in logs and counts",
        count=len(secrets),
        result="0 found",
    )


def series(value):
    """Tell how many numbers a monitoring system would keep."""
    if isinstance(value, (Stats, Health)):
        names = type(value).__dataclass_fields__
        return sum(series(getattr(value, name)) for name in names)
    return len(Outcome) if hasattr(value, "items") else 1


def test_there_are_at_most_32_series_however_many_domains(record_experiment):
    """L2: labels come from closed lists only."""
    verifier = DomainVerifier(World(split), cache=FindingCache(1_000))
    for n in range(amount(20_000, 1_000_000)):
        verifier.verify(f"a@d{n}.example")
    stats = verifier.stats()
    assert set(stats.outcomes) <= set(Outcome)
    assert series(stats) <= 32
    record_experiment(
        promise="L2",
        what="domains, and the numbers of stats()",
        count=amount(20_000, 1_000_000),
        result=f"{series(stats)} series",
    )


# ---------------------------------------------------------------- once a minute


def test_one_line_a_minute_and_the_number_of_the_others():
    """For each cause by itself."""
    clock = SettableClock()
    notices = Notices(clock)
    assert notices.may_say("one") == ""
    assert notices.may_say("another") == ""
    for _ in range(1_000):
        assert notices.may_say("one") is None
    clock.advance(EVERY)
    assert notices.may_say("one") == " (1000 more like this since)"
    assert notices.may_say("one") is None
    clock.advance(EVERY)
    assert notices.may_say("another") == ""


def test_causes_are_bounded():
    """In case that somebody finds out how to make them up."""
    notices = Notices(SettableClock())
    for n in range(10_000):
        notices.may_say(f"cause {n}")
        assert len(notices._said) <= 64


class Raises:
    """A resolver with a bug."""

    def resolve(self, question, deadline, /):
        """Raise, as it does for every stranger."""
        raise LookupError(question.qname)


class Wrong:
    """Another one."""

    def resolve(self, question, deadline, /):
        """Give something that is no answer."""
        return question.qname


def broken_policy(sender, finding):
    """Be a mistake of the operator's."""
    raise ArithmeticError


@pytest.mark.parametrize(
    ("make", "logged"),
    [
        (lambda: DomainVerifier(Raises()), "resolver raised LookupError"),
        (lambda: DomainVerifier(Wrong()), "resolver gave a str and no Answer"),
        (
            lambda: DomainVerifier(World(), policy=broken_policy),
            "policy failed for d0.example",
        ),
    ],
)
def test_a_stranger_cannot_fill_the_log_with_our_mistakes(make, logged, caplog):
    """A traceback for each sender would be a gift."""
    verifier = make()
    with caplog.at_level(logging.INFO):
        for n in range(300):
            verifier.verify(f"a@d{n}.example")
    errors = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert errors == [logged]


def test_a_resolver_that_is_well_is_no_news(caplog):
    """Nothing but verdicts."""
    verifier = DomainVerifier(World(good))
    with caplog.at_level(logging.INFO):
        for n in range(300):
            verifier.verify(f"a@d{n}.example")
    assert caplog.records == []


def test_a_forked_child_says_it_again():
    """Its log may be another one."""
    notices = Notices(SettableClock())
    assert notices.may_say("one") == ""
    notices._lock.acquire()
    notices.reset()
    assert notices.may_say("one") == ""
