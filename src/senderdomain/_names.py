"""
Domain names inside a DNS message: checked once, made into text when asked for.

Owns      compression pointers and every limit on them (RFC 1035, section 4.1.4),
          and how a name from the wire is written (section 5.1).
Knows not records and what they mean.

Pointers go backwards only, at most `MAX_HOPS` in a row, and no stretch of labels
is walked twice: a message of thousands of records that share one long name would
otherwise cost seconds.
"""

from __future__ import annotations

from typing import TypeAlias

Offset: TypeAlias = int

# A length octet from POINTER on is half of a compression pointer; those between,
# from LABEL_END on, have no meaning (RFC 1035, section 4.1.4; RFC 6891, section 5).
LABEL_END, POINTER = 0x40, 0xC0

MAX_HOPS = 16
MAX_WIRE_NAME = 255  # RFC 1035, section 2.3.4

# Labels walked over in one message: 512 records without compression have fewer, unless
# somebody wants to see what spelling 32,000 of them costs.
MAX_LABELS = 8_192

# A walk over more labels than this is remembered. Ordinary names are shorter, and
# then the remembering costs more than the walking.
_WORTH_REMEMBERING = 6


_HOST_OCTETS = b"-_" + bytes(n for n in range(128) if chr(n).isalnum())


def octets_in(written: str) -> int:
    """Octets of which *written*, a label or some with their dots, is made."""
    return len(written) - 3 * written.count("\\")  # "\032" is one octet


def wire_size(qname: str) -> int:
    """Octets that *qname* has in a message, not compressed."""
    return octets_in(qname) + 2  # a length octet where there is no dot, and the root


class NameReader:
    """
    Reads names in one message.

    Args:
        message: The whole message.
        known: Names found valid, as offset -> octets from there to their end.
    """

    __slots__ = ("_known", "_message", "_room", "_texts")

    def __init__(self, message: bytes, known: dict[Offset, int] | None = None) -> None:
        self._message = message
        self._known = {} if known is None else known
        self._texts: dict[Offset, str] = {}
        self._room = MAX_LABELS

    def skip(self, at: Offset) -> Offset:
        """
        Check the name at *at*.

        Returns:
            Where the name ends and the next field begins.

        Raises:
            ValueError: If it is not a valid name.
            IndexError: If it runs over the end of the message.
        """
        message = self._message
        octet = message[at]
        if octet >= POINTER:  # nearly every owner is a pointer to a name seen before
            target = (octet & 0x3F) << 8 | message[at + 1]
            if target in self._known:
                return at + 2
        return self._walk(at)

    def _walk(self, at: Offset) -> Offset:
        message = self._message
        known = self._known
        start, after, size, hops = at, 0, 0, 0
        walked = []  # each label, and the octets of the name before it
        while octet := message[at]:
            if octet < LABEL_END:
                walked.append((at, size))
                size += octet + 1
                at += octet + 1
                continue
            if octet < POINTER:
                msg = f"label type {octet:#04x}"
                raise ValueError(msg)
            target = (octet & 0x3F) << 8 | message[at + 1]
            after = after or at + 2
            hops += 1
            if target >= start or hops > MAX_HOPS:
                msg = "compression pointer"
                raise ValueError(msg)
            if target in known:
                size += known[target] - 1
                break
            start = at = target
        size += 1
        if size > MAX_WIRE_NAME:
            msg = f"name of {size} octets, limit {MAX_WIRE_NAME}"
            raise ValueError(msg)
        self._room -= len(walked)
        if self._room < 0:
            msg = f"over {MAX_LABELS} labels"
            raise ValueError(msg)
        if hops or len(walked) > _WORTH_REMEMBERING:
            known.update([(label, size - before) for label, before in walked])
        return after or at + 1

    def text(self, at: Offset) -> str:
        """
        Write a valid name in lower case, without the final dot; the root is "".

        What a host name cannot have is escaped as in a master file, so that two
        different names never look the same.
        """
        message = self._message
        texts = self._texts
        if at in texts:
            return texts[at]
        labels: list[str] = []
        # Every stretch of labels is spelled once, whoever points to it.
        stretches = [(at, 0)]
        while octet := message[at]:
            if octet < POINTER:
                labels.append(label_text(message[at + 1 : at + 1 + octet]))
                at += octet + 1
                continue
            at = (octet & 0x3F) << 8 | message[at + 1]
            if at in texts:
                labels += filter(None, [texts[at]])  # the root is no label
                break
            stretches.append((at, len(labels)))
        for start, before in stretches:
            texts[start] = ".".join(labels[before:])
        return texts[stretches[0][0]]


def is_host_name(message: bytes, at: Offset, others: set[Offset]) -> bool:
    """
    Whether a valid name is letters, digits, hyphens and ``_``, and not the root.

    Args:
        message: The whole message.
        at: Where the name begins.
        others: Where names begin that are none; more are added.
    """
    begins = []
    named = False
    while octet := message[at]:
        if octet >= POINTER:
            at = (octet & 0x3F) << 8 | message[at + 1]
            if at in others:
                break
            begins.append(at)
            continue
        label = message[at + 1 : at + 1 + octet]
        if not label.isalnum() and label.translate(None, _HOST_OCTETS):
            break
        named = True
        at += octet + 1
    else:
        return named
    others.update(begins)
    return False


def label_text(label: bytes) -> str:
    """Write one label in lower case, what no host name has as an escape."""
    if label.isalnum():
        return label.decode("ascii").lower()
    return "".join([_SPELLING[octet] for octet in label])


def _spelling(octet: int) -> str:
    character = chr(octet)
    if "!" <= character <= "~" and character not in '.\\"();@$':
        return character.lower()
    return f"\\{octet:03d}"


# RFC 1035, section 5.1: how each octet is written in a master file.
_SPELLING = [_spelling(octet) for octet in range(256)]
