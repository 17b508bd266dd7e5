"""
From what the DNS says now to a zone that says it again.

Owns      what has to be asked, and what of the answers goes into a master file.
Knows not which resolver is asked: dnspython asks, since it keeps whole messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import dns.rrset

from .._dns import DomainName, Failure, NxDomain, Question, RecordType
from .._domain import AddressRules, domain_name
from .._explain import in_words
from .._finding import SyntaxFault
from .._value import value
from ..resolvers._servers import parse_servers
from ..resolvers.dnspython import configured, read

_KEPT = frozenset(
    {
        *(dns.rdatatype.RdataType(qtype.value) for qtype in RecordType),
        dns.rdatatype.CNAME,
        dns.rdatatype.DNAME,
        dns.rdatatype.SOA,
    }
)
_MX = dns.rdatatype.MX
_ADDRESSES = (dns.rdatatype.A, dns.rdatatype.AAAA)


@value
class Recording:
    """
    What the DNS has said.

    Attributes:
        zone: A master file, as `Zone` reads it.
        problems: What could not be recorded, a line each.
    """

    zone: str
    problems: tuple[str, ...] = ()


def record(domains: Iterable[str], servers: Iterable[str] | None = None) -> Recording:
    """
    Ask the DNS about *domains* and the addresses of their exchanges.

    Args:
        domains: A-labels or U-labels.
        servers: Whom to ask, as `StubResolver` takes them; the system's resolvers if
            None.

    Returns:
        What it has said.

    Raises:
        ValueError: If one of them is no domain name or no server, or the system has
            no resolver.
    """
    return Recorder(servers).record(domains)


class Recorder:
    """
    Asks, and keeps what is answered.

    Args:
        servers: See `record`.

    Raises:
        ValueError: If there is nobody to ask.
    """

    def __init__(self, servers: Iterable[str] | None = None) -> None:
        """See the class."""
        if servers is None:
            self._resolver = configured(dns.resolver.Resolver)
        else:
            self._resolver = dns.resolver.Resolver(configure=False)
            self._resolver.nameservers = [
                dns.nameserver.Do53Nameserver(server.host, server.port)
                for server in parse_servers(servers)
            ]
        self._lines: dict[str, None] = {}  # in order, each once
        self._problems: list[str] = []
        self._end = dns.name.root  # of the last alias chain

    def record(self, domains: Iterable[str]) -> Recording:
        """See `record`; raises ValueError for what is no domain name."""
        for name in [_checked(domain) for domain in domains]:
            self._domain(name)
        zone = "".join(f"{line}\n" for line in self._lines)
        return Recording(zone, tuple(self._problems))

    def _domain(self, name: dns.name.Name) -> None:
        # What a verdict may ask, at any depth.
        mx, *_ = self._all(name, (_MX, *_ADDRESSES))
        for rrset in mx or ():
            for exchange in sorted(cast("Any", rdata).exchange for rdata in rrset):
                if exchange != dns.name.root:
                    self._all(exchange, _ADDRESSES)

    def _all(
        self, name: dns.name.Name, rdtypes: tuple[dns.rdatatype.RdataType, ...]
    ) -> list[list[dns.rrset.RRset] | None]:
        answers = [self._ask(name, rdtype) for rdtype in rdtypes]
        if [] in answers and not any(answers):
            # A master file has no other way to say that a name exists.
            self._lines[f'{self._end} 60 IN TXT "no MX, no A, no AAAA"'] = None
        return answers

    def _ask(
        self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> list[dns.rrset.RRset] | None:
        """Keep the answer; None if there is no such name, or no answer."""
        try:
            response = self._resolver.resolve(
                name, rdtype, raise_on_no_answer=False, search=False
            ).response
        except dns.resolver.NXDOMAIN as error:
            response = error.kwargs["responses"][name]
        except dns.exception.DNSException as error:
            self._problem(name, rdtype, " ".join(str(error).split()))
            return None
        question = Question(
            DomainName(name.to_text(omit_final_dot=True)), RecordType(int(rdtype))
        )
        answer = read(response, question)
        if isinstance(answer, Failure) or getattr(answer, "doubt", None):
            # An absence that proves nothing must not become one that does.
            self._problem(name, rdtype, in_words(answer))
            return None
        self._keep(response)
        if isinstance(answer, NxDomain):
            return None
        self._end = cast("Any", response).canonical_name()
        return [rrset for rrset in response.answer if rrset.rdtype == rdtype]

    def _problem(
        self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, why: str
    ) -> None:
        qtype = dns.rdatatype.to_text(rdtype)
        self._problems.append(f"{name} {qtype}: {why}")
        self._lines[f"; fault {name} {qtype} servfail"] = None

    def _keep(self, response: dns.message.Message) -> None:
        for rrset in (*response.answer, *response.authority):
            if rrset.rdtype in _KEPT:
                self._lines.update(dict.fromkeys(rrset.to_text().splitlines()))


def _checked(domain: str) -> dns.name.Name:
    checked = domain_name(domain, AddressRules(underscore=True))
    if isinstance(checked, SyntaxFault):
        msg = f"not a domain name: {domain!r}"
        raise ValueError(msg)  # noqa: TRY004 - the value is wrong
    return dns.name.from_text(checked)
