"""
Records that stay octets until somebody reads them.

Owns      how the RDATA of MX, A, AAAA and PTR becomes values (RFC 1035, RFC 3596).
Knows not whether the octets are valid: `_message` has seen to that.

A verdict asks an answer two questions, "is it a null MX?" and "is any of it
usable?", and seldom anything else. Both are answered without making text.
"""

from __future__ import annotations

from ._dns import MX, Records, RecordType
from ._names import POINTER, NameReader, Offset, is_host_name

_MX = RecordType.MX


class WireRecords(Records):
    """Records whose text is made when somebody reads it."""

    __slots__ = ("_has_host", "_message", "_qtype", "_rdata")

    def __init__(  # noqa: PLR0913, PLR0917 - keywords would take longer
        self,
        ttl: int,
        qtype: RecordType,
        message: bytes,
        rdata: list[Offset],
        aliases: tuple[str, ...] = (),
        has_host: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """
        Keep *message*, in which each of *rdata* starts valid RDATA.

        If it is known already that an exchange is a host name, *has_host* says so.
        """
        self.ttl = ttl
        self.aliases = aliases
        self._rrset = None
        self._qtype = qtype
        self._message = message
        self._rdata = rdata
        self._has_host = has_host

    @property
    def rrset(self) -> tuple[MX | str, ...]:
        """The records, read from the message on first use."""
        if self._rrset is None:
            self._rrset = _RDATA_READERS[self._qtype](self._message, self._rdata)
        return self._rrset

    @property
    def null_mx(self) -> bool:
        """See `Records.null_mx`; looks at a few octets."""
        if len(self._rdata) != 1 or self._qtype is not _MX:
            return False
        message, at = self._message, self._rdata[0]
        if message[at] or message[at + 1]:
            return False
        at += 2
        while (octet := message[at]) >= POINTER:
            at = (octet & 0x3F) << 8 | message[at + 1]
        return not octet

    @property
    def usable(self) -> bool:
        """See `Records.usable`; stops at the first host name."""
        if self._has_host or self._qtype is not _MX:
            return True
        others: set[Offset] = set()
        # any() of a generator costs more than a look at one.
        for at in self._rdata:  # noqa: SIM110
            if is_host_name(self._message, at + 2, others):
                return True
        return False

    def __reduce__(self) -> tuple[type[Records], tuple[object, ...]]:
        """Pickled and copied as plain records, without the message."""
        return Records, (self.ttl, self.rrset, self.aliases)


def _read_mx(message: bytes, rdata: list[Offset]) -> tuple[MX | str, ...]:
    names = NameReader(message)
    in_order = sorted(rdata, key=lambda at: message[at : at + 2])
    return tuple(
        MX(message[at] << 8 | message[at + 1], names.text(at + 2)) for at in in_order
    )


def _read_addresses(message: bytes, rdata: list[Offset]) -> tuple[MX | str, ...]:
    import ipaddress  # noqa: PLC0415 - only for who reads the evidence

    # RDLENGTH, just before the RDATA, was found to be right for the type.
    return tuple(
        str(ipaddress.ip_address(message[at : at + message[at - 1]])) for at in rdata
    )


def _read_names(message: bytes, rdata: list[Offset]) -> tuple[MX | str, ...]:
    names = NameReader(message)
    return tuple(names.text(at) for at in rdata)


_RDATA_READERS = {
    RecordType.MX: _read_mx,
    RecordType.A: _read_addresses,
    RecordType.AAAA: _read_addresses,
    RecordType.PTR: _read_names,
}
NAME_AT = {RecordType.MX: 2, RecordType.PTR: 0}
ADDRESS_SIZE = {RecordType.A: 4, RecordType.AAAA: 16}
