"""
What a reply may look like on the wire, written anew from the standard.

Knows not how the library builds one.
"""

from __future__ import annotations

import io
import re
import smtplib

# RFC 5321, section 4.2.
_LINES = re.compile(
    rb"\A(?:[245][0-5][0-9]-[\x20-\x7e]*\r\n)*[245][0-5][0-9] [\x20-\x7e]*\r\n\Z"
)
_ENHANCED = re.compile(rb"\A(\d)\.\d{1,3}\.\d{1,3} ")
_NEXT = b"250 the next reply\r\n"


def fault(octets: bytes, *, enhanced: bool = False) -> str:
    """Say what is wrong with a reply, or nothing."""
    if not _LINES.match(octets):
        return "not lines of a reply"
    lines = octets.split(b"\r\n")[:-1]
    if max(map(len, lines)) > 510:  # RFC 5321, section 4.5.3.1.5, without CRLF
        return "a line of more than 512 octets"
    if len({line[:3] for line in lines}) > 1:
        return "several codes"
    if enhanced:
        for line in lines:
            status = _ENHANCED.match(line[4:])
            if status is None or status[1] != line[:1]:
                return "status of another class"
    return ""


def heard(octets: bytes) -> str:
    """Say what a client of the standard library makes of it, if that is wrong."""
    client = smtplib.SMTP()
    client.file = io.BytesIO(octets + _NEXT)
    code, _ = client.getreply()
    rest = client.file.read()
    client.file = None
    if code != int(octets[:3]):
        return f"code {code}"
    return "" if rest == _NEXT else f"left over: {rest!r}"
