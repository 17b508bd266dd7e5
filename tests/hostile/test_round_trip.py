"""P5: what the grammar of the standard makes is accepted, and a key is a key."""

from __future__ import annotations

import random

from senderdomain import Outcome
from senderdomain._address import (
    AddressLiteral,
    Mailbox,
    parse_domain,
    parse_reverse_path,
    settled,
)

from .profile import amount

# RFC 5321, section 4.1.2; RFC 5322, section 3.2.3.
ATEXT = "abcxyzABCXYZ0189!#$%&'*+-/=?^_`{|}~"
QTEXT = [*(chr(n) for n in range(32, 127) if chr(n) not in '"\\')]
LET_DIG = "abcxyzABCXYZ0189"


def dot_string(rng):
    """Dot-string = Atom *("." Atom)."""
    return ".".join(
        "".join(rng.choices(ATEXT, k=rng.randint(1, 9)))
        for _ in range(rng.randint(1, 4))
    )


def quoted_string(rng):
    """Quoted-string = DQUOTE *QcontentSMTP DQUOTE."""
    content = (
        rng.choice(QTEXT) if rng.random() < 0.8 else "\\" + chr(rng.randint(32, 126))
        for _ in range(rng.randint(0, 12))
    )
    return f'"{"".join(content)}"'


def sub_domain(rng):
    """Sub-domain = Let-dig [Ldh-str]."""
    middle = "".join(rng.choices(LET_DIG + "-", k=rng.choice((0, 1, 5, 20, 61))))
    last = rng.choice(LET_DIG) if middle else ""
    return f"{rng.choice(LET_DIG)}{middle}{last}"


def domain(rng):
    """Domain = sub-domain *("." sub-domain), and no address; at most 253 octets."""
    name = ".".join(sub_domain(rng) for _ in range(rng.randint(2, 5)))
    return f"{name[:240].rstrip('-.')}.example"


def literal(rng):
    """Make an IPv4 or IPv6 address literal, or a general one."""
    match rng.randrange(3):
        case 0:
            return ".".join(str(rng.randint(0, 255)) for _ in range(4))
        case 1:
            return "IPv6:" + ":".join(f"{rng.getrandbits(16):x}" for _ in range(8))
    return f"tag{rng.choice(LET_DIG)}:{rng.choice('!Z^~0x')}"


def test_whatever_the_grammar_makes_is_accepted(record_experiment):
    """P5: mailboxes with and without a route, and their keys."""
    count = amount(30_000, 100_000)
    rng = random.Random(5_321)
    for number in range(count):
        local_part = rng.choice((dot_string, quoted_string))(rng)
        name = domain(rng)
        route = "".join(
            f"@{domain(rng)[-40:].lstrip('-.')},"
            for _ in range(rng.choice((0, 0, 0, 1, 2)))
        )
        path = f"{route[:-1]}:" * bool(route) + f"{local_part}@{name}"
        key = name.lower()
        for written in (path, f"<{path}>", f"<{path.swapcase()}>"):
            sender = parse_reverse_path(written)
            assert isinstance(sender, Mailbox), (number, written)
            assert sender.domain == key, (number, written)
            assert sender == parse_reverse_path(written.encode()), (number, written)
        assert parse_reverse_path(path).local_part == local_part
        again = parse_domain(key)
        assert again == Mailbox("", key)
        assert parse_domain(again.domain.upper() + ".") == again
    record_experiment(
        promise="P5", what="mailboxes from the ABNF", count=count, result="all accepted"
    )


def test_every_literal_of_the_grammar_is_a_literal(record_experiment):
    """P5: and it is settled without the DNS."""
    count = amount(10_000, 50_000)
    rng = random.Random(413)
    for _ in range(count):
        local_part, text = dot_string(rng), literal(rng)
        sender = parse_reverse_path(f"<{local_part}@[{text}]>")
        assert sender == AddressLiteral(local_part, text), text
        finding = settled(sender)
        assert finding is not None
        assert finding.outcome is Outcome.ADDRESS_LITERAL
    record_experiment(
        promise="P5", what="literals from the ABNF", count=count, result="all accepted"
    )


BREAKERS = '\0\t\n\r "(),:;<>@[\\]\x7f'


def test_one_wrong_character_is_seen_wherever_it_stands(record_experiment):
    """P5: the other half; no special may stand in an atom or a domain."""
    count = amount(20_000, 100_000)
    rng = random.Random(412)
    for _ in range(count):
        local_part, name = dot_string(rng), domain(rng)
        wrong = rng.choice(BREAKERS)
        at = rng.randint(1, len(name) - 1)
        path = f"{local_part}@{name[:at]}{wrong}{name[at:]}"
        sender = parse_reverse_path(path)
        assert not isinstance(sender, Mailbox), path
    record_experiment(
        promise="P5", what="one special in a domain", count=count, result="all refused"
    )
