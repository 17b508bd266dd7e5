"""
A client that says MAIL, and perhaps RCPT, and notes the replies as they are.

Owns      one connection for each sender, and many of them at a time.
Knows not who is on the other side.

smtplib would do for ASCII; it encodes and quotes what has to be sent raw here.
"""

from __future__ import annotations

import socket
import time

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Self

from .case import Answer, Case

SERVER = ("127.0.0.1", 25)
CLIENT = "127.9.9.9"
HELO = b"EHLO client.oracle.zz"
RCPT = b"RCPT TO:<postmaster@oracle.zz>"

# Seconds for one reply: each of some questions times out twice.
PATIENCE = 60.0

# Seconds for the greeting, for which no server asks the DNS for long.
GREETING = 15.0
ATTEMPTS = 3

# Most of them wait for time-outs, and need no processor for that.
AT_A_TIME = 24


def play(cases: Iterable[Case]) -> dict[str, Answer]:
    """Send each of *cases* to the server; give the answers by name."""
    cases = list(cases)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        answers = pool.map(_played, cases)
        return {case.id: answer for case, answer in zip(cases, answers, strict=True)}


def _played(case: Case) -> Answer:
    try:
        with Client() as client:
            return _answered(client, case)
    except OSError as error:
        error.add_note(f"on the case {case.id}")
        raise


def _answered(client: Client, case: Case) -> Answer:
    _, offered = client.say(HELO)
    mail = b"MAIL FROM:<" + case.sender + b">"
    if case.smtputf8 and "SMTPUTF8" in offered:
        mail += b" SMTPUTF8"
    began = time.monotonic()
    stage, (code, lines) = "mail", client.say(mail)
    if _is_good(code):
        refusal, why = client.say(RCPT)
        if _is_good(refusal):
            stage = "-"
        else:
            stage, code, lines = "rcpt", refusal, why
    seconds = time.monotonic() - began
    with suppress(OSError):  # whoever says 421 does not wait
        client.say(b"QUIT")
    return Answer(stage, code, lines, round(seconds, 3))


def _is_good(code: int) -> bool:
    return code // 100 == 2


class Client:
    """A connection; the greeting is taken on entry."""

    def __enter__(self) -> Self:
        """Connect; where many do so at a time, a server may forget one of them."""
        for attempt in range(ATTEMPTS):
            self._socket = socket.create_connection(
                SERVER, GREETING, source_address=(CLIENT, 0)
            )
            self._stream = self._socket.makefile("rb")
            try:
                self.hear()
            except OSError:
                self._hang_up()
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                break
        self._socket.settimeout(PATIENCE)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Hang up."""
        self._hang_up()

    def _hang_up(self) -> None:
        self._stream.close()
        self._socket.close()

    def say(self, command: bytes) -> tuple[int, tuple[str, ...]]:
        """Send *command*, and take the reply."""
        self._socket.sendall(command + b"\r\n")
        return self.hear()

    def hear(self) -> tuple[int, tuple[str, ...]]:
        """Take a reply: its code, and the text of its lines."""
        lines: list[str] = []
        while True:
            line = self._stream.readline()
            if not line:
                msg = f"the server hung up after {lines!r}"
                raise ConnectionError(msg)
            lines.append(line[4:].rstrip(b"\r\n").decode("utf-8", "surrogateescape"))
            if line[3:4] != b"-":
                return int(line[:3]), tuple(lines)
