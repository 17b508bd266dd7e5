"""What a server says to a sender, as its profile tells it from a zone in memory."""

from __future__ import annotations

from senderdomain import DomainVerifier
from senderdomain.testing import ZoneResolver


def judged(profile, sender, *, zone, faults=(), smtputf8=False):
    """
    Ask *profile* about *sender*.

    Args:
        profile: The server.
        sender: The argument of MAIL FROM.
        zone: What there is to find.
        faults: Names, each with the kind of its fault and the type concerned, or None.
        smtputf8: The client gave the SMTPUTF8 parameter.

    Returns:
        The reply, the questions, and the finding.
    """
    resolver = ZoneResolver(zone)
    for name, kind, qtype in faults:
        resolver.fault(name, kind, qtype=qtype)
    with DomainVerifier(resolver, policy=profile) as verifier:
        verdict = verifier.verify(sender, smtputf8=smtputf8)
        reply, finding = str(verdict.reply), verdict.finding
    return reply, [str(question) for question in resolver.questions], finding
