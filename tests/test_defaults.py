"""X6: the tables of defaults in docs/ say what the code does."""

from __future__ import annotations

import inspect
import re

from pathlib import Path

import pytest

from senderdomain import (
    AddressRules,
    DomainVerifier,
    FindingCache,
    TargetRules,
    presets,
)
from senderdomain import _remembered as remembered
from senderdomain._reply import MAX_ECHO, MAX_REPLY_LINE
from senderdomain._settings import MAX_DEADLINE
from senderdomain.resolvers import Timing

DOCS = Path(__file__).parent.parent / "docs"


def table():
    """Read the table of settings: what -> its default, as written."""
    text = (DOCS / "quickstart.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (.+?) \| .+ \|$", text, re.MULTILINE)
    return dict(rows)


def default(thing, name):
    """Tell the default of an argument."""
    return inspect.signature(thing).parameters[name].default


def hours(seconds):
    """Write *seconds* as the documentation does."""
    return f"{seconds / 3600:g} h"


ROWS = {
    "words, codes, exempt domains": (
        "`presets.DEFAULT`"
        if default(DomainVerifier, "policy") is presets.DEFAULT
        else None
    ),
    "seconds for a whole verdict": (
        f"{default(DomainVerifier, 'deadline')}; {MAX_DEADLINE:.0f} at the most"
    ),
    "underscores in domains": "taken" if AddressRules().underscore else "refused",
    "special-use names that are looked up": (
        "some" if AddressRules().special_use else "none"
    ),
    "domains remembered": (
        f"{default(FindingCache, 'maxsize'):,}, a sixteenth of them for failures"
    ),
    "an existing domain is believed for": (
        f"its TTL, {default(FindingCache, 'max_ttl'):,} s at the most"
    ),
    "any other proven finding": (
        "its negative or positive TTL,"
        f" {default(FindingCache, 'max_negative_ttl')} s at the most"
    ),
    "a failure is remembered for": (
        f"{remembered.FIRST_BACK_OFF} s, doubling to {remembered.LAST_BACK_OFF} s;"
        f" from {remembered.FIRST_BACK_OFF} s again after"
        f" {remembered.FORGIVEN_AFTER} s without a failure"
    ),
    "what came in together expires apart": (
        "by up to a tenth of its time; not with a clock of your own"
        if remembered.JITTER == 0.1
        else None
    ),
    "an existing domain that cannot be asked again stays accepted for": hours(
        default(FindingCache, "max_stale")
    ),
}


@pytest.mark.parametrize("what", ROWS)
def test_the_table_of_settings_is_right(what):
    """Row by row."""
    assert table()[what] == ROWS[what]


def test_every_default_of_the_table_is_looked_at():
    """But for the one row that names three."""
    found = {what for what in table() if what not in {"Setting", "---"}}
    (stub,) = found - set(ROWS)
    timing = Timing()
    assert (
        table()[stub]
        == f"the system's, {timing.attempt_timeout}, {timing.max_in_flight:,}"
    )


def test_limits_that_are_promised():
    """In the threat model, in docs/depths.md, and by the RFCs."""
    assert (MAX_ECHO, MAX_REPLY_LINE) == (256, 512)
    assert 2 * TargetRules().max_hosts + 1 == 7
    assert remembered.STALE_BACK_OFF == 30
    assert remembered.FIRST_BACK_OFF * (1 - remembered.MAX_JITTER) >= 1
    assert remembered.LAST_BACK_OFF * (1 + remembered.MAX_JITTER) <= 300
