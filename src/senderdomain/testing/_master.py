"""
Master files, read by dnspython.

Owns      the way past dnspython's idea that a file holds one zone.
Knows not what the records mean.
"""

from __future__ import annotations

from typing import TypeAlias, cast

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.tokenizer
import dns.transaction
import dns.zonefile

Node: TypeAlias = dict[dns.rdatatype.RdataType, dns.rdataset.Rdataset]
"""The records of one name."""

# Seconds, for records that do not say.
DEFAULT_TTL = 300


class _Collector:
    """
    What ``dns.zonefile.Reader`` fills, without the limits of a single zone.

    A ``dns.zone.Zone`` refuses a SOA below its origin and all that has none; here
    the root and any number of domains can stand in one file.
    """

    def __init__(self) -> None:
        self.nodes: dict[dns.name.Name, Node] = {}
        self.manager = self

    def origin_information(self) -> tuple[dns.name.Name, bool, dns.name.Name]:
        """Tell that names are absolute."""
        return dns.name.root, False, dns.name.root

    def check_put_rdataset(self, _check: object) -> None:
        """Allow a CNAME beside other data: some zones have that."""

    def _set_origin(self, _origin: dns.name.Name) -> None:
        """Take no notice of ``$ORIGIN``: the reader has applied it."""

    def add(self, name: dns.name.Name, ttl: int, rdata: dns.rdata.Rdata) -> None:
        """Take a record."""
        node = self.nodes.setdefault(name, {})
        rdataset = node.setdefault(
            rdata.rdtype, dns.rdataset.Rdataset(rdata.rdclass, rdata.rdtype)
        )
        rdataset.add(rdata, ttl)


class _Tokenizer(dns.tokenizer.Tokenizer):
    """Tells the line of the last token; dnspython has read on by then."""

    _line = 1

    def get(
        self,
        want_leading: bool = False,  # noqa: FBT001, FBT002 - as dnspython has it
        want_comment: bool = False,  # noqa: FBT001, FBT002
    ) -> dns.tokenizer.Token:
        """Get the next token."""
        before = self._here()
        token = super().get(want_leading, want_comment)
        self._line = before if token.is_eol_or_eof() else self._here()
        return token

    def _here(self) -> int:
        # The end of the line counts as read even where it was put back.
        return self.line_number - (self.ungotten_char == "\n")

    def where(self) -> tuple[str, int]:
        """Tell file and line."""
        return self.filename, self._line


def parsed(text: str, where: str) -> dict[dns.name.Name, Node]:
    """
    Read a master file (RFC 1035, section 5).

    Args:
        text: Its lines.
        where: Its name, for messages.

    Raises:
        ValueError: If it is not one; the message has the line.
    """
    collector = _Collector()
    reader = dns.zonefile.Reader(
        _Tokenizer(text, where),
        dns.rdataclass.IN,
        cast("dns.transaction.Transaction", collector),
        default_ttl=DEFAULT_TTL,
    )
    try:
        reader.read()
    except (dns.exception.DNSException, ValueError) as error:
        msg = f"not a master file: {error}"
        raise ValueError(msg) from None
    return collector.nodes
