"""The stub resolver on real sockets: what it sends, and what it makes of what comes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import socket
import struct
import subprocess
import sys
import threading
import time

from functools import partial
from pathlib import Path
from unittest import mock

import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from senderdomain import (
    AsyncDomainVerifier,
    DomainName,
    DomainVerifier,
    Failure,
    FailureReason,
    NxDomain,
    Outcome,
    Question,
    Records,
    RecordType,
    _fork,
)
from senderdomain.resolvers import AsyncStubResolver, StubResolver, _channel
from senderdomain.resolvers._channel import MAX_USES, SOCKETS, Channel
from senderdomain.resolvers._loop_watcher import can_watch
from senderdomain.resolvers._pending import Pending, Timing
from senderdomain.resolvers._servers import (
    Server,
    Servers,
    parse_server,
    parse_servers,
    system_servers,
)
from senderdomain.resolvers._udp import Udp
from senderdomain.resolvers._watchers import SelectorWatcher
from senderdomain.testing import LoopbackDNS

ASKED = Question(DomainName("d.example"), RecordType.MX)
QUICK = Timing(attempt_timeout=0.05)
ZONE = {
    "d.example": {"MX": ["10 mx.d.example."]},
    "many.example": {"MX": [f"{n} mx{n}.many.example." for n in range(200)]},
}


class Scripted:
    """
    A server that answers as a script says: UDP and TCP, one address.

    *udp* gets the number of the query, from 0, and the query; it yields datagrams.
    *tcp* gets the connection.
    """

    def __init__(self, udp, tcp=None):
        """Keep the script."""
        self.udp = udp
        self.tcp = tcp
        self.received = []

    def __enter__(self):
        """Open the sockets on one port."""
        # The port that is free for TCP may be taken for UDP.
        while True:
            self._tcp = socket.create_server(("127.0.0.1", 0)) if self.tcp else None
            port = self._tcp.getsockname()[1] if self._tcp else 0
            self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self._udp.bind(("127.0.0.1", port))
            except OSError:
                self._udp.close()
                self._tcp.close()
            else:
                break
        self.port = self._udp.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve_udp)]
        if self._tcp:
            self._threads.append(threading.Thread(target=self._serve_tcp))
        for thread in self._threads:
            thread.start()
        return self

    @property
    def server(self):
        """As StubResolver takes it."""
        return f"127.0.0.1:{self.port}"

    def _serve_udp(self):
        while True:
            query, client = self._udp.recvfrom(4096)
            if not query:
                return
            self.received.append((query, client))
            for datagram in self.udp(len(self.received) - 1, query):
                self._udp.sendto(datagram, client)

    def _serve_tcp(self):
        connection, _ = self._tcp.accept()
        with connection, contextlib.suppress(OSError):
            self.tcp(connection)

    def __exit__(self, *exc):
        """Wake up the threads and wait for them."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        if self._tcp:
            with socket.create_connection(("127.0.0.1", self.port)):
                pass
        for thread in self._threads:
            thread.join(5)
        self._udp.close()
        if self._tcp:
            self._tcp.close()


def good(query, rcode=0, *, records=1):
    """Build the right answer."""
    response = dns.message.make_response(dns.message.from_wire(query))
    response.set_rcode(rcode)
    for n in range(records):
        rdata = f"10 mx{n}.d.example."
        response.answer.append(dns.rrset.from_text("d.example.", 60, "IN", "MX", rdata))
    return response.to_wire(max_size=65_535)


def truncated(query):
    """Build an answer that says to ask over TCP."""
    wire = bytearray(good(query, records=0))
    wire[2] |= 0x02
    return bytes(wire)


def sync_ask(servers, question=ASKED, *, seconds=1.0, timing=QUICK):
    """Ask with the thread's resolver."""
    resolver = StubResolver(servers, timing=timing)
    try:
        return resolver.resolve(question, time.monotonic() + seconds)
    finally:
        resolver.close()


def async_ask(servers, question=ASKED, *, seconds=1.0, timing=QUICK):
    """Ask with the loop's resolver."""

    async def main():
        resolver = AsyncStubResolver(servers, timing=timing)
        try:
            return await resolver.resolve(question, time.monotonic() + seconds)
        finally:
            resolver.close()

    return asyncio.run(main())


both = pytest.mark.parametrize("ask", [sync_ask, async_ask])


@both
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_asks_over_udp_and_reads_the_answer(ask, host):
    """IPv4 and IPv6; names that are missing too."""
    with LoopbackDNS(ZONE, host=host) as server:
        answer = ask([server.server])
        assert answer == Records(300, answer.rrset)
        assert answer.rrset[0].exchange == "mx.d.example"
        gone = Question(DomainName("gone.example"), RecordType.MX)
        assert ask([server.server], gone) == NxDomain(60)


@both
def test_a_truncated_answer_is_asked_for_over_tcp(ask):
    """RFC 7766; 200 records do not fit into 1232 octets."""
    with LoopbackDNS(ZONE) as server:
        many = Question(DomainName("many.example"), RecordType.MX)
        assert len(ask([server.server], many).rrset) == 200


def reset(connection):
    """Read a little and break the connection."""
    connection.recv(2)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def cut(connection):
    """Promise more octets than are sent."""
    connection.recv(4096)
    connection.sendall(b"\x00\x20cut")


def dribble(connection):
    """Send an octet now and then."""
    query = connection.recv(4096)[2:]
    wire = good(query)
    for octet in len(wire).to_bytes(2, "big") + wire:
        time.sleep(0.05)
        connection.sendall(bytes([octet]))


def empty(connection):
    """Send a message without octets."""
    connection.recv(4096)
    connection.sendall(b"\0\0")


def twice_truncated(connection):
    """Say over TCP that TCP is needed."""
    wire = truncated(connection.recv(4096)[2:])
    connection.sendall(len(wire).to_bytes(2, "big") + wire)


def forged(connection):
    """Answer with another ID."""
    wire = good(connection.recv(4096)[2:])
    connection.sendall(len(wire).to_bytes(2, "big") + b"\0\0" + wire[2:])


TCP = [
    # what the server does, the reason
    (reset, FailureReason.TRUNCATED),
    (cut, FailureReason.TRUNCATED),
    (dribble, FailureReason.TIMEOUT),
    (empty, FailureReason.MALFORMED),
    (twice_truncated, FailureReason.TRUNCATED),
    (forged, FailureReason.MALFORMED),
    (None, FailureReason.TRUNCATED),
]


@both
@pytest.mark.parametrize(("tcp", "reason"), TCP, ids=str)
def test_trouble_over_tcp_is_a_failure(ask, tcp, reason):
    """X07 to X13; and never later than the deadline."""
    with Scripted(lambda _, query: [truncated(query)], tcp) as server:
        assert ask([server.server], seconds=0.5).reason is reason


@both
def test_an_answer_in_pieces_is_put_together(ask):
    """TCP keeps no boundaries."""

    def pieces(connection):
        query = connection.recv(4096)[2:]
        wire = good(query, records=30)
        sent = len(wire).to_bytes(2, "big") + wire
        for at in range(0, len(sent), 100):
            connection.sendall(sent[at : at + 100])
            time.sleep(0.001)

    with Scripted(lambda _, query: [truncated(query)] * 3, pieces) as server:
        assert len(ask([server.server], seconds=3).rrset) == 30


def _wrong_id(query):
    wire = good(query)
    return bytes([wire[0] ^ 0xFF]) + wire[1:]


def _wrong_question(query):
    return good(query).replace(b"\1d\7example", b"\1x\7example", 1)


NOT_ANSWERS = [
    ("wrong ID", _wrong_id),
    ("wrong question", _wrong_question),
    ("a query", lambda query: query),
    ("nothing", lambda query: b""),
    ("7 octets", lambda query: query[:7]),
    ("header only", lambda query: good(query)[:12]),
    ("right header, garbage", lambda query: good(query)[:30] + b"\xff" * 20),
    ("cut", lambda query: good(query)[:-5]),
    ("junk behind", lambda query: good(query) + b"x"),
    ("64 KiB", lambda query: good(query) + bytes(65_000)),
    ("truncated, wrong question", lambda query: truncated(_swapped(query))),
]


def _swapped(query):
    return query.replace(b"\1d\7example", b"\1x\7example", 1)


@both
@pytest.mark.parametrize(("what", "bad"), NOT_ANSWERS)
def test_what_is_no_answer_is_ignored(ask, what, bad):
    """RFC 5452, CVE-2023-29483: the answer may still come."""
    with Scripted(lambda _, query: [bad(query)] * 5 + [good(query)]) as server:
        answer = ask([server.server])
        assert isinstance(answer, Records), what
        assert len(server.received) == 1


@both
@pytest.mark.parametrize(("what", "bad"), NOT_ANSWERS)
def test_only_bad_datagrams_make_a_failure(ask, what, bad):
    """At the deadline, after three tries (RFC 9520, section 3.1)."""
    with Scripted(lambda _, query: [bad(query)]) as server:
        answer = ask([server.server], seconds=0.4)
        assert isinstance(answer, Failure)
        assert answer.reason in (FailureReason.TIMEOUT, FailureReason.MALFORMED)
        assert len(server.received) == 3


@both
def test_every_try_has_its_own_id_and_port(ask):
    """RFC 5452, section 9.2."""
    with Scripted(lambda n, query: [good(query)] if n == 2 else []) as server:
        assert isinstance(ask([server.server]), Records)
        ids = {query[:2] for query, _ in server.received}
        ports = {client[1] for _, client in server.received}
        assert (len(ids), len(ports)) == (3, 3)


@both
def test_a_late_answer_to_an_earlier_try_counts(ask):
    """It has the ID and the port of that try."""
    with Scripted(lambda n, query: []) as server:

        def script(n, query):
            if n == 1:
                first, client = server.received[0]
                server._udp.sendto(good(first), client)
            return []

        server.udp = script
        assert isinstance(ask([server.server]), Records)


def _dead_server():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{unused.getsockname()[1]}"


@both
def test_nobody_listening_is_noticed_at_once(ask):
    """X02: ICMP says so."""
    answer = ask([_dead_server()], seconds=30)
    assert answer.reason is FailureReason.RESOLVER_DOWN


@both
def test_the_next_server_is_asked(ask):
    """X18: after silence, after a refusal, after nobody was there."""
    silent = Scripted(lambda n, query: [])
    refusing = Scripted(lambda n, query: [good(query, 5, records=0)])
    with LoopbackDNS(ZONE) as server, silent, refusing:
        servers = [silent.server, refusing.server, _dead_server(), server.server]
        assert isinstance(ask(servers, seconds=5), Records)
        assert len(silent.received) == len(refusing.received) == 1


@both
def test_when_all_have_failed_the_last_answer_is_told(ask):
    """Each one is asked once, for a failure is an answer."""
    refusing = Scripted(lambda n, query: [good(query, 5, records=0)])
    failing = Scripted(lambda n, query: [good(query, 2, records=0)])
    with refusing, failing:
        answer = ask([refusing.server, failing.server], seconds=5)
        assert answer.reason is FailureReason.SERVFAIL
        assert len(refusing.received) == len(failing.received) == 1


@both
@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_what_a_server_says_counts_more_than_that_another_is_down(ask, order):
    """Or the failure would look like ours, and never be remembered."""
    with Scripted(lambda n, query: [good(query, 2, records=0)]) as failing:
        answer = ask([failing.server, "127.0.0.1:1"][order], seconds=5)
    assert answer.reason is FailureReason.SERVFAIL
    with Scripted(lambda n, query: []) as silent:
        answer = ask([silent.server, "127.0.0.1:1"][order], seconds=0.2)
    assert answer.reason is FailureReason.TIMEOUT


def test_the_server_that_answers_is_remembered():
    """The next question goes there first."""
    silent = Scripted(lambda n, query: [])
    with LoopbackDNS(ZONE) as server, silent:
        resolver = StubResolver([silent.server, server.server], timing=QUICK)
        for _ in range(5):
            answer = resolver.resolve(ASKED, time.monotonic() + 5)
            assert isinstance(answer, Records)
        assert len(silent.received) == 1
        resolver.close()


@both
@pytest.mark.parametrize("rcode", [1, 4])
def test_a_server_without_edns_is_asked_without(ask, rcode):
    """RFC 6891, section 7; once."""

    def old(n, query):
        edns = dns.message.from_wire(query).edns >= 0
        return [good(query, rcode, records=0) if edns else good(query)]

    with Scripted(old) as server:
        assert isinstance(ask([server.server]), Records)
        assert len(server.received) == 2
    with Scripted(lambda n, query: [good(query, rcode, records=0)]) as server:
        assert ask([server.server]).reason is FailureReason.REFUSED
        assert len(server.received) == 2


@both
def test_no_socket_is_a_failure_and_no_exception(ask, monkeypatch):
    """X04 and X05: EMFILE, EPERM."""

    def no_socket(*_):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("senderdomain.resolvers._pool.Channel", no_socket)
        answer = ask(["127.0.0.1:1"])
        assert answer == Failure(FailureReason.RESOLVER_DOWN, "OSError")
    with (
        monkeypatch.context() as patch,
        Scripted(lambda _, query: [truncated(query)]) as server,
    ):
        patch.setattr("senderdomain.resolvers._tcp.Stream", no_socket)
        assert ask([server.server]).reason is FailureReason.RESOLVER_DOWN


@both
def test_an_unreachable_network_is_a_failure(ask):
    """X03: the kernel refuses the address at once."""
    answer = ask(["255.255.255.255:53"])
    assert answer.reason is FailureReason.RESOLVER_DOWN


def test_sockets_are_replaced():
    """A source port is used for a while only."""
    with LoopbackDNS(ZONE) as server:
        ports = set()
        resolver = StubResolver([server.server])
        watcher = resolver._watcher()
        for _ in range(SOCKETS * MAX_USES + SOCKETS):
            assert isinstance(resolver.resolve(ASKED, time.monotonic() + 5), Records)
            pool = watcher.engine._pool._open[0]
            ports |= {channel.sock.getsockname()[1] for channel in pool}
        assert len(ports) > SOCKETS
        watcher.engine.sweep()
        assert not watcher.engine._pool._worn
        resolver.close()


def test_a_worn_socket_stays_open_for_its_answers():
    """It is closed by the sweep when nothing is expected there any more."""
    with Scripted(lambda n, query: []) as silent:
        resolver = StubResolver([silent.server], timing=Timing(attempt_timeout=5))
        engine = resolver._watcher().engine
        answers = []
        deadline = time.monotonic() + 0.3
        for _ in range(SOCKETS):
            engine.ask(ASKED, deadline, answers.append)
        engine.flush()
        for channel in engine._pool._open[0]:
            channel.uses = MAX_USES
        engine.ask(ASKED, deadline, answers.append)
        engine.flush()
        assert len(engine._pool._worn) == 1
        while len(answers) < SOCKETS + 1:
            resolver.pump()
        engine.sweep()
        assert not engine._pool._worn
        resolver.close()


@both
def test_questions_wait_for_their_turn(ask):
    """More than may be under way at once are answered all the same."""
    timing = Timing(attempt_timeout=0.5, max_in_flight=3)
    with LoopbackDNS(ZONE) as server:
        if ask is sync_ask:
            resolver = StubResolver([server.server], timing=timing)
            answers = []
            for _ in range(20):
                resolver.ask(ASKED, time.monotonic() + 5, answers.append)
            while len(answers) < 20:
                resolver.pump()
            resolver.close()
        else:

            async def main():
                resolver = AsyncStubResolver([server.server], timing=timing)
                asked = [
                    resolver.resolve(ASKED, time.monotonic() + 5) for _ in range(20)
                ]
                try:
                    return await asyncio.gather(*asked)
                finally:
                    resolver.close()

            answers = asyncio.run(main())
    assert all(isinstance(answer, Records) for answer in answers)


def test_whose_turn_never_comes_is_told_of_the_overload():
    """At its deadline."""
    with Scripted(lambda n, query: []) as silent:
        timing = Timing(attempt_timeout=5, max_in_flight=1)
        resolver = StubResolver([silent.server], timing=timing)
        first, second = [], []
        resolver.ask(ASKED, time.monotonic() + 0.4, first.append)
        resolver.ask(ASKED, time.monotonic() + 0.1, second.append)
        while not first:
            resolver.pump()
        assert second[0].reason is FailureReason.OVERLOAD
        assert first[0].reason is FailureReason.TIMEOUT
        resolver.close()


def test_closing_tells_those_who_wait():
    """Questions under way, over UDP and TCP, and in the queue."""

    def never(connection):
        connection.recv(4096)
        connection.recv(1)

    def script(n, query):
        return [truncated(query)] if n == 0 else []

    with Scripted(script, never) as server:
        timing = Timing(attempt_timeout=5, max_in_flight=2)
        resolver = StubResolver([server.server], timing=timing)
        answers = []
        for _ in range(3):
            resolver.ask(ASKED, time.monotonic() + 5, answers.append)
        limit = time.monotonic() + 5
        while resolver._watcher().engine.busy and time.monotonic() < limit:
            resolver.pump()
            pending = resolver._watcher().engine._pending
            if any(p.stream is not None for p in pending):
                break
        resolver.close()
        assert [a.reason for a in answers] == [FailureReason.RESOLVER_DOWN] * 3
        resolver.close()
        assert resolver.resolve(ASKED, time.monotonic() + 1).detail == "closed"


def test_a_list_in_order_is_not_read_far_ahead(monkeypatch):
    """While one domain is silent, others are kept, but not without end."""
    monkeypatch.setattr("senderdomain._verifier.MAX_AHEAD", 20)
    taken = []

    def senders():
        for n in range(100):
            taken.append(n)
            yield "a@dead.example" if n == 10 else "a@d.example"

    with LoopbackDNS(ZONE) as server:
        server.zone.fault("dead.example", "timeout")
        resolver = StubResolver([server.server])
        verifier = DomainVerifier(resolver, deadline=0.3)
        verdicts = verifier.verify_many(senders(), ordered=True)
        for _ in range(10):
            assert next(verdicts).accepted
        assert next(verdicts).deferred
        assert len(taken) <= 32
        assert len(list(verdicts)) == 89
        resolver.close()


def test_a_closed_resolver_judges_a_list_as_well():
    """Each sender is to come again later."""
    resolver = StubResolver(["127.0.0.1:1"])
    resolver.close()
    verdicts = list(DomainVerifier(resolver).verify_many(["a@d.example", "<>"]))
    assert [v.outcome for v in verdicts] == [
        Outcome.TEMPFAIL,
        Outcome.NULL_REVERSE_PATH,
    ]


def test_a_child_leaves_its_parents_sockets_alone():
    """The kernel's list of them is the same for both."""
    watcher = SelectorWatcher()
    ours, theirs = socket.socketpair()
    watcher.watch_reader(ours, print)
    watcher.pid = -1
    watcher.forget(ours)
    assert len(watcher._selector.get_map()) == 1
    with watcher.session() as session:
        assert session is watcher
    resolver = AsyncStubResolver(["127.0.0.1:1"])
    lock = resolver._lock
    _fork._tell()
    assert resolver._lock is not lock
    watcher._selector.close()
    ours.close()
    theirs.close()


def test_a_second_server_is_asked_while_tcp_takes_its_time():
    """And what the stream would have said is not waited for."""

    def slow(connection):
        connection.recv(4096)
        connection.recv(1)

    with (
        Scripted(lambda _, query: [truncated(query)], slow) as first,
        LoopbackDNS(ZONE) as second,
    ):
        answer = sync_ask([first.server, second.server], seconds=5)
        assert isinstance(answer, Records)


def test_threads_have_their_own_sockets_and_close_them():
    """With the thread, or with the resolver."""
    with LoopbackDNS(ZONE) as server:
        resolver = StubResolver([server.server])
        watchers = []

        def work(resolver):
            resolver.resolve(ASKED, time.monotonic() + 5)
            watchers.append(id(resolver._watcher()))

        threads = [threading.Thread(target=work, args=(resolver,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        work(resolver)
        assert len(watchers) == 5
        del resolver, threads, thread
        gc.collect()


def test_loops_have_their_own_sockets():
    """One after the other, and two at a time; those of closed loops are closed."""
    with LoopbackDNS(ZONE) as server:
        resolver = AsyncStubResolver([server.server])

        async def main():
            return await resolver.resolve(ASKED, time.monotonic() + 5)

        for _ in range(3):
            assert isinstance(asyncio.run(main()), Records)
        threads = [
            threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        resolver.close()


def test_two_loops_can_take_turns():
    """Each finds its own sockets again."""
    with LoopbackDNS(ZONE) as server:
        resolver = AsyncStubResolver([server.server])

        async def main():
            return await resolver.resolve(ASKED, time.monotonic() + 5)

        loops = [asyncio.new_event_loop() for _ in range(2)]
        for loop in loops * 2:
            assert isinstance(loop.run_until_complete(main()), Records)
        assert len(resolver._watchers) == 2
        for loop in loops:
            loop.close()
        resolver.close()


class NoReaders(asyncio.SelectorEventLoop):
    """As on Windows: a loop that cannot watch sockets."""

    add_reader = asyncio.AbstractEventLoop.add_reader


def test_a_loop_that_cannot_watch_sockets_is_served_by_threads():
    """The default loop of Windows."""
    loop = NoReaders()
    assert not can_watch(loop)
    with LoopbackDNS(ZONE) as server:
        resolver = AsyncStubResolver([server.server])

        async def main():
            first = resolver.resolve(ASKED, time.monotonic() + 5)
            again = await resolver.resolve(ASKED, time.monotonic() + 5)
            # A caller that is gone does not matter, nor does a broken resolver.
            cancelled = resolver.resolve(ASKED, time.monotonic() + 5)
            cancelled.cancel()
            resolver._blocking.resolve = lambda: None
            broken = await resolver.resolve(ASKED, time.monotonic() + 5)
            del resolver._blocking.resolve
            return await first, again, broken

        first, again, broken = loop.run_until_complete(main())
        assert isinstance(first, Records)
        assert isinstance(again, Records)
        assert broken.reason is FailureReason.RESOLVER_BUG
        resolver.close()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_opens_its_own_sockets():
    """It must neither share ports and IDs with its parent nor harm it."""
    with LoopbackDNS(ZONE) as server:
        resolver = StubResolver([server.server])
        assert isinstance(resolver.resolve(ASKED, time.monotonic() + 5), Records)
        pid = os.fork()
        if pid == 0:  # pragma: no cover - the child's coverage is not collected
            status = 1
            with contextlib.suppress(BaseException):
                answer = resolver.resolve(ASKED, time.monotonic() + 5)
                resolver.close()
                status = 0 if isinstance(answer, Records) else 2
            os._exit(status)
        _, status = os.waitpid(pid, 0)
        assert status == 0
        assert isinstance(resolver.resolve(ASKED, time.monotonic() + 5), Records)
        resolver.close()


SERVERS = [
    ("192.0.2.1", Server("192.0.2.1", 53)),
    ("127.0.0.1:5353", Server("127.0.0.1", 5353)),
    ("2001:db8::1", Server("2001:db8::1", 53)),
    ("[2001:db8::1]", Server("2001:db8::1", 53)),
    ("[::1]:5353", Server("::1", 5353)),
    ("fe80::1%eth0", Server("fe80::1%eth0", 53)),
]


@pytest.mark.parametrize(("text", "server"), SERVERS)
def test_servers_are_written_with_and_without_a_port(text, server):
    """And read again as they are shown."""
    assert parse_server(text) == server
    assert parse_server(str(server)) == server


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dns.example",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:x",
        "127.0.0.1:²",
        "[::1",
        "[::1]x",
        "[::1]:",
        "[]:53",
        "::1:53:",
    ],
)
def test_what_is_no_server_is_refused(text):
    """With an example of what is."""
    with pytest.raises(ValueError, match=r"not a DNS server: .* '127\.0\.0\.1:5353'"):
        StubResolver([text])


def test_servers_may_be_a_single_one_but_not_none():
    """A text is not taken for its letters."""
    assert parse_servers("127.0.0.1") == (Server("127.0.0.1"),)
    with pytest.raises(ValueError, match="servers is empty"):
        AsyncStubResolver([])


def test_the_system_says_whom_to_ask(tmp_path):
    """In its order, as dnspython reads it."""
    conf = tmp_path / "resolv.conf"
    conf.write_text("search example.org\nnameserver 127.0.0.1\nnameserver ::1\n")
    resolver = StubResolver(resolv_conf=str(conf))
    assert resolver.servers == (Server("127.0.0.1"), Server("::1"))


@pytest.mark.parametrize("text", [None, "", "nameserver\n", "nameserver dns.example\n"])
def test_a_system_without_a_resolver_is_told_so(tmp_path, text):
    """X20: at construction, and with the cure."""
    conf = tmp_path / "resolv.conf"
    if text is not None:
        conf.write_text(text)
    with pytest.raises(ValueError, match="names no DNS resolver; pass servers="):
        system_servers(str(conf))


@pytest.mark.parametrize(
    "settings",
    [{"attempt_timeout": 0}, {"attempt_timeout": float("nan")}, {"max_in_flight": 0}],
)
def test_bad_timing_is_refused(settings):
    """At construction."""
    with pytest.raises(ValueError, match="must be above 0"):
        Timing(**settings)


def test_an_old_deadline_is_answered_at_the_next_sweep():
    """Whoever asks too late gets a failure like anybody else."""
    with Scripted(lambda n, query: []) as silent:
        answer = sync_ask([silent.server], seconds=-1)
        assert answer.reason is FailureReason.TIMEOUT


def test_a_list_is_judged_with_many_questions_under_way():
    """In one thread, a dead domain holding up nobody."""
    with LoopbackDNS(ZONE) as server:
        server.zone.fault("dead.example", "timeout")
        resolver = StubResolver([server.server])
        verifier = DomainVerifier(resolver, deadline=2)
        senders = ["a@dead.example"] + [f"a@n{n}.example" for n in range(300)]
        senders[1:1] = ["b@dead.example"] * 2  # they wait for the same lookup
        verdicts = list(verifier.verify_many(senders, in_flight=50))
        outcomes = {v.sender: v.outcome for v in verdicts}
        assert outcomes.pop("a@dead.example") is Outcome.TEMPFAIL
        assert outcomes.pop("b@dead.example") is Outcome.TEMPFAIL
        assert server.asked["dead.example MX"] <= 3
        assert set(outcomes.values()) == {Outcome.NXDOMAIN}
        assert len(outcomes) == 300
        assert verdicts[0].outcome is Outcome.NXDOMAIN
        resolver.close()


def test_a_port_that_strangers_know_is_given_up():
    """Whatever comes unasked: the socket is closed and another one opened."""
    with Scripted(lambda _, query: [good(query)]) as server:
        resolver = StubResolver([server.server], timing=QUICK)
        engine = resolver._watcher().engine
        assert isinstance(resolver.resolve(ASKED, time.monotonic() + 5), Records)
        known = engine._pool._open[0][0].sock.getsockname()
        for _ in range(600):
            server._udp.sendto(b"unasked", known)
        assert isinstance(resolver.resolve(ASKED, time.monotonic() + 5), Records)
        ports = [channel.sock.getsockname()[1] for channel in engine._pool._open[0]]
        assert known[1] not in ports
        resolver.close()


def test_a_worn_socket_that_strangers_know_is_given_up_too():
    """It is in no pool any more."""
    with Scripted(lambda _, query: [good(query)]) as server:
        resolver = StubResolver([server.server], timing=QUICK)
        engine = resolver._watcher().engine
        resolver.resolve(ASKED, time.monotonic() + 5)
        worn = engine._pool._open[0].pop()
        engine._pool._worn.add(worn)
        server._udp.sendto(b"unasked", worn.sock.getsockname())
        resolver.resolve(ASKED, time.monotonic() + 5)
        assert worn.sock.fileno() == -1
        assert not engine._pool._worn
        resolver.close()


def test_a_server_is_reached_by_its_zone_index():
    """A home router's resolver is often at a link-local address (RFC 4007)."""
    index, name = socket.if_nameindex()[0]
    connected = []

    class Recorder:
        connect = connected.append

    parse_server(f"fe80::1%{name}").connect(Recorder)
    assert connected == [("fe80::1", 53, 0, index)]


def test_no_two_questions_share_an_id_on_a_socket():
    """A draw that is taken is drawn again."""
    with Scripted(lambda n, query: []) as silent:
        resolver = StubResolver([silent.server], timing=Timing(attempt_timeout=5))
        engine = resolver._watcher().engine
        engine._udp._ids.drawn += [b"bb", b"aa", b"aa"]  # the last one first
        for _ in range(2):
            resolver.ask(ASKED, time.monotonic() + 5, print)
        engine.flush()
        taken = [set(channel.inflight) for channel in engine._pool._open[0]]
        assert taken == [{b"aa", b"bb"}]
        resolver.close()


def test_a_socket_that_a_try_has_used_loses_its_turn():
    """The next one in the pool takes it."""
    resolver = StubResolver(["127.0.0.1:1"])
    engine = resolver._watcher().engine
    in_turn = [engine._pool.take(0, 0.0, ()) for _ in range(SOCKETS)]
    assert len(set(in_turn)) == SOCKETS
    assert engine._pool.take(0, 0.0, in_turn[:2]) is in_turn[2]
    resolver.close()


def test_many_questions_never_use_a_socket_twice_for_one():
    """Although they take turns on the same sockets."""
    with Scripted(lambda n, query: []) as silent:
        resolver = StubResolver([silent.server], timing=QUICK)
        engine = resolver._watcher().engine
        answers = []
        for _ in range(7):
            resolver.ask(ASKED, time.monotonic() + 0.4, answers.append)
        most = 0
        while len(answers) < 7:
            resolver.pump()
            for pending in engine._pending:
                channels = [sent[0] for sent in pending.outstanding]
                assert len(channels) == len(set(channels))
                most = max(most, len(channels))
        assert most == 3
        resolver.close()


def test_a_socket_that_never_runs_dry_is_left_after_a_batch():
    """The event loop has other things to do."""
    resolver = StubResolver(["127.0.0.1:1"])
    engine = resolver._watcher().engine
    channel = engine._pool.take(0, 0.0, ())
    channel.inflight[b"no"] = None
    taken = []
    channel.receive = lambda size: taken.append(size) or b"junk"
    engine._readable(channel)
    assert len(taken) == 64
    engine._pool.drain()
    assert len(taken) == 64 + 16 * 64
    channel.inflight.clear()
    resolver.close()


def test_a_flood_on_one_socket_lets_the_others_have_their_turn():
    """No more than a batch of datagrams is read at a time."""

    def flood(n, query):
        return [b"junk" * 5] * 200 + [good(query)]

    with Scripted(flood) as server:
        assert isinstance(sync_ask([server.server], seconds=5), Records)


@both
def test_a_socket_that_cannot_be_opened_the_second_time_is_a_failure(ask, monkeypatch):
    """When a server without EDNS is to be asked again, or a stream to be opened."""
    from senderdomain.resolvers import _pool

    def once(*arguments):
        channel = real(*arguments)
        send = channel.send

        def send_once(octets):
            if opened:
                raise OSError(1, "Operation not permitted")
            opened.append(1)
            return send(octets)

        channel.send = send_once
        return channel

    real, opened = _pool.Channel, []
    monkeypatch.setattr(_pool, "Channel", once)
    with Scripted(lambda n, query: [good(query, 1, records=0)]) as server:
        assert ask([server.server]).reason is FailureReason.RESOLVER_DOWN


@both
def test_a_full_buffer_is_a_datagram_lost(ask, monkeypatch):
    """The next try is as good as any."""
    from senderdomain.resolvers import _pool

    def full_once(*arguments):
        channel = real(*arguments)
        if not opened:

            def send(octets):
                raise BlockingIOError

            channel.send = send
        opened.append(1)
        return channel

    real, opened = _pool.Channel, []
    monkeypatch.setattr(_pool, "Channel", full_once)
    with LoopbackDNS(ZONE) as server:
        assert isinstance(ask([server.server]), Records)
        assert len(opened) == 2


@both
def test_the_sockets_that_are_open_will_do(ask, monkeypatch):
    """If no more can be had."""
    from senderdomain.resolvers import _pool

    def once(*arguments):
        if opened:
            raise OSError(24, "Too many open files")
        opened.append(1)
        return real(*arguments)

    real, opened = _pool.Channel, []
    monkeypatch.setattr(_pool, "Channel", once)

    def old(n, query):
        edns = dns.message.from_wire(query).edns >= 0
        return [good(query, 1, records=0) if edns else good(query)]

    with Scripted(old) as server:
        assert isinstance(ask([server.server]), Records)


@both
def test_a_refusal_that_comes_twice_counts_once(ask):
    """The second one is about the query with EDNS, and late."""

    def old(n, query):
        edns = dns.message.from_wire(query).edns >= 0
        return [good(query, 1, records=0)] * 2 if edns else [good(query)]

    with Scripted(old) as server:
        assert isinstance(ask([server.server]), Records)


def test_a_server_is_not_asked_more_than_three_times():
    """Not without EDNS either (RFC 9520, section 3.1)."""

    def late(n, query):
        return [good(query, 1, records=0)] if n == 2 else []

    with Scripted(late) as server:
        assert sync_ask([server.server]).reason is FailureReason.REFUSED
        assert len(server.received) == 3


def test_no_selector_is_a_failure(monkeypatch):
    """X04 again: for a single question, and for a list."""

    def none():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("selectors.DefaultSelector", none)
    resolver = StubResolver(["127.0.0.1:1"])
    verifier = DomainVerifier(resolver)
    verdicts = [verifier.verify("a@d.example"), *verifier.verify_many(["a@e.example"])]
    assert {v.reason for v in verdicts} == {FailureReason.RESOLVER_DOWN}


def test_two_answers_at_once_are_one_too_many():
    """The second may be for a socket that is closed, whose number another one has."""

    def both_at_once(n, query):
        if dns.message.from_wire(query).question[0].rdtype != dns.rdatatype.MX:
            return [good(query, records=0)]
        if n == 1:
            first, client = server.received[0]
            server._udp.sendto(good(first, records=0), client)
            return [good(query, records=0)]
        return []

    for _ in range(20):
        with Scripted(both_at_once) as server:
            resolver = StubResolver([server.server], timing=QUICK)
            verdict = DomainVerifier(resolver, deadline=2).verify("a@d.example")
            assert verdict.outcome is Outcome.NODATA
            resolver.close()


def test_who_leaves_while_waiting_for_a_place_is_not_asked_for():
    """The others have their turn."""
    with LoopbackDNS(ZONE) as server:
        resolver = StubResolver([server.server], timing=Timing(max_in_flight=1))
        engine, answers = resolver._watcher().engine, []
        callbacks = [partial(answered, answers, number) for number in range(4)]
        for callback in callbacks:
            engine.ask(ASKED, time.monotonic() + 5, callback)
        engine.drop(callbacks[2])
        while len(answers) < 3:
            resolver.pump()
        resolver.close()
    assert answers == [0, 1, 3]


def answered(answers, number, answer):
    """Note who was told."""
    assert isinstance(answer, Records)
    answers.append(number)


def test_who_waits_for_a_place_is_not_overtaken():
    """As many ask as there are answers, and those of the beginning come first."""
    names = [f"n{n}.many{n}.example" for n in range(200)]
    with LoopbackDNS({name: {"MX": ["10 mx.d.example."]} for name in names}) as server:
        resolver = StubResolver([server.server], timing=Timing(max_in_flight=4))
        engine, coming, order = resolver._watcher().engine, iter(names), []

        def ask():
            name = next(coming, None)
            if name is not None:
                question = Question(DomainName(name), RecordType.MX)
                engine.ask(question, time.monotonic() + 5, partial(answered, name))

        def answered(name, answer):
            assert isinstance(answer, Records)
            order.append(name)
            ask()

        for _ in range(60):
            ask()
        while len(order) < len(names):
            resolver.pump()
        resolver.close()
    # Those that are under way at the same time may change places.
    assert max(order.index(name) for name in names[:60]) < 60 + 5


@pytest.mark.parametrize("max_in_flight", [1, 100])
def test_a_thousand_that_wait_can_fail_at_once(max_in_flight, monkeypatch):
    """Not one inside the other, whether they are sent one by one or together."""
    timing = Timing(attempt_timeout=5, max_in_flight=max_in_flight)
    with Scripted(lambda n, query: []) as silent:
        resolver = StubResolver([silent.server], timing=timing)
        engine = resolver._watcher().engine
        answers = []
        for n in range(3_000):
            seconds = 0.2 if n < max_in_flight else 5
            resolver.ask(ASKED, time.monotonic() + seconds, answers.append)
        engine.flush()

        def none(*_):
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(engine._pool, "take", none)
        while len(answers) < 3_000:
            resolver.pump()
        assert {a.reason for a in answers} <= {
            FailureReason.TIMEOUT,
            FailureReason.RESOLVER_DOWN,
            FailureReason.OVERLOAD,
        }
        resolver.close()


def test_a_closed_loop_takes_nobody_down():
    """Its questions are answered while the next loop asks its own."""
    with Scripted(
        lambda n, query: [good(query, records=0)] if n == 0 else []
    ) as server:
        resolver = AsyncStubResolver([server.server], timing=QUICK)
        verifier = AsyncDomainVerifier(resolver, deadline=0.5)

        async def leave():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(verifier.verify("a@d.example"), 0.1)

        asyncio.run(leave())
        start = time.monotonic()
        verdict = asyncio.run(verifier.verify("a@d.example"))
        assert verdict.deferred
        assert time.monotonic() - start < 5  # a deadlock would be for ever
        resolver.close()


def test_closing_reaches_everybody_who_waits():
    """Those whose lookup would ask something else next, too."""

    def only_mx(n, query):
        rdtype = dns.message.from_wire(query).question[0].rdtype
        return [good(query, records=0)] if rdtype == dns.rdatatype.MX else []

    async def main():
        resolver = AsyncStubResolver([server.server])
        verifier = AsyncDomainVerifier(resolver, deadline=5)
        names = ["a@d.example", "a@e.example", "a@f.example"]
        tasks = [asyncio.create_task(verifier.verify(name)) for name in names]
        while len(server.received) < 6:  # noqa: ASYNC110 - a thread counts them
            await asyncio.sleep(0.01)
        resolver.close()
        return await asyncio.wait_for(asyncio.gather(*tasks), 2)

    with Scripted(only_mx) as server:
        verdicts = asyncio.run(main())
    assert {v.reason for v in verdicts} == {FailureReason.RESOLVER_DOWN}


# A process of its own: what measures coverage here holds locks, too.
BUSY = """
import os, signal, sys, threading
from senderdomain import DomainVerifier
from senderdomain.resolvers import StubResolver

verifier = DomainVerifier(StubResolver([sys.argv[1]]))
stop = threading.Event()

def work():
    while not stop.is_set():
        verifier.verify("a@d.example")

threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()
statuses = []
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        signal.alarm(5)
        accepted = verifier.verify("a@d.example").accepted
        os._exit(0 if accepted and verifier.verify("a@many.example").accepted else 1)
    statuses.append(os.waitpid(pid, 0)[1])
stop.set()
print(statuses)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_of_busy_threads_can_verify():
    """Locks that they hold at the fork are held for ever otherwise."""
    with LoopbackDNS(ZONE) as server:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", BUSY, server.server],
            capture_output=True,
            text=True,
            timeout=150,
            check=True,
        )
    assert done.stdout == f"{[0] * 20}\n"


def test_a_stream_copes_with_what_sockets_do(monkeypatch):  # noqa: C901 - doubles
    """Writing in pieces, nothing to read after all, no connection at all."""
    from senderdomain.resolvers import _stream

    events = []

    class Watcher:
        def watch_writer(self, sock, callback):
            events.append("writer")

        def watch_reader(self, sock, callback):
            events.append("reader")

        def forget(self, sock):
            events.append("forget")

    class Socket:
        def __init__(self, *_):
            self.sent = b""

        def setblocking(self, _):
            pass

        def connect(self, address):
            if address[1] == 1:
                raise OSError(101, "Network is unreachable")

        def send(self, octets):
            self.sent += octets[:3]
            return 3

        def recv(self, _):
            raise BlockingIOError

        def fileno(self):
            return -1 if "forget" in events else 5

        def close(self):
            events.append("close")

    monkeypatch.setattr("senderdomain.resolvers._stream.socket.socket", Socket)
    with pytest.raises(OSError, match="unreachable"):
        _stream.Stream(Server("127.0.0.1", 1), b"abcd", Watcher(), events.append)
    stream = _stream.Stream(Server("127.0.0.1", 2), b"abcd", Watcher(), events.append)
    stream._writable()
    stream._writable()
    assert stream._sock.sent == b"\0\4abcd"
    stream._readable()
    stream.close()
    stream.close()
    assert events == ["close", "writer", "reader", "forget", "close"]


def test_an_answer_may_close_a_socket_that_was_ready_too():
    """What is ready is asked for again before it is read."""
    watcher = SelectorWatcher()
    pairs = [socket.socketpair() for _ in range(2)]
    called = []

    def first():
        called.append(1)
        for ours, _ in pairs:
            with contextlib.suppress(KeyError):
                watcher.forget(ours)

    for ours, theirs in pairs:
        watcher.watch_reader(ours, first)
        theirs.send(b"x")
    watcher._dispatch(0)
    assert called == [1]
    for pair in pairs:
        for end in pair:
            end.close()
    watcher._selector.close()


# ---------------------------------------------------------------- what reviewers found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_while_others_look_up_and_remember_comes_back():
    """What a dead thread has left behind is closed without a lock."""
    with Scripted(lambda n, query: []) as silent:
        resolver = StubResolver([silent.server])
        verifier = DomainVerifier(resolver, deadline=1.0)
        leader = threading.Thread(target=verifier.verify, args=("a@d.example",))
        leader.start()
        while not silent.received:
            time.sleep(0.001)
        held, let_go = threading.Event(), threading.Event()

        def hold():
            with verifier.cache._segments[0].lock:
                held.set()
                let_go.wait(5)

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait(5)
        pid = os.fork()
        if not pid:
            os._exit(0)
        for _ in range(500):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                break
            time.sleep(0.01)
        else:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        let_go.set()
        holder.join()
        leader.join()
        resolver.close()
    assert ended
    assert status == 0


def open_files():
    """Count them."""
    return len(list(Path("/dev/fd").iterdir()))


def test_whoever_leaves_a_list_early_leaves_no_socket():
    """And no lookup that goes on asking."""
    zone = {f"n{n}.example": {"A": ["192.0.2.1"]} for n in range(20)}
    with LoopbackDNS(zone) as server:
        for n in range(1, 20):
            server.zone.fault(f"n{n}.example", "timeout", qtype="A")
        resolver = StubResolver([server.server])
        verifier = DomainVerifier(resolver)
        before = open_files()
        verdicts = verifier.verify_many(f"a@n{n}.example" for n in range(20))
        assert next(verdicts).accepted
        verdicts.close()
        assert open_files() == before
        assert not [name for name in server.asked if name.endswith(" AAAA")]
        resolver.close()


def hang(connection):
    """Read, and say nothing."""
    while connection.recv(4096):
        pass


def say(connection):
    """Give the answer that was too large."""
    wire = good(connection.recv(4096)[2:])
    connection.sendall(len(wire).to_bytes(2, "big") + wire)


def test_a_stream_that_hangs_gives_way_to_another_server():
    """Both have said TC; the second one means it."""
    hanging = Scripted(lambda n, query: [truncated(query)], hang)
    working = Scripted(lambda n, query: [truncated(query)], say)
    with hanging, working:
        found = sync_ask([hanging.server, working.server], seconds=2)
    assert isinstance(found, Records)


@both
@pytest.mark.parametrize("late_one", ["hangs", "answers"])
def test_a_stream_is_left_alone_while_it_has_time(ask, late_one):
    """Another server says TC meanwhile, and has its turn if it comes to that."""
    connected, late = threading.Event(), threading.Event()

    def slow(n, query):
        connected.wait(5)
        late.set()
        return [truncated(query)]

    def transfer(connection):
        connected.set()
        late.wait(5)
        time.sleep(0.05)
        if late_one == "hangs":
            say(connection)
        else:
            reset(connection)

    other = {"hangs": hang, "answers": say}[late_one]
    first = Scripted(slow, other)
    second = Scripted(lambda n, query: [truncated(query)], transfer)
    with first, second:
        servers, timing = [first.server, second.server], Timing(attempt_timeout=0.2)
        answer = ask(servers, seconds=5, timing=timing)
        assert isinstance(answer, Records)


@both
def test_a_stream_without_time_left_gives_way_to_who_has_waited(ask):
    """A server without EDNS says TC while the other one's stream hangs."""
    connected = threading.Event()

    def old(n, query):
        connected.wait(5)
        return [good(query, 1, records=0) if has_edns(query) else truncated(query)]

    def stuck(connection):
        connected.set()
        hang(connection)

    first = Scripted(old, say)
    second = Scripted(lambda n, query: [truncated(query)], stuck)
    with first, second:
        servers, timing = [first.server, second.server], Timing(attempt_timeout=0.1)
        answer = ask(servers, seconds=5, timing=timing)
        assert isinstance(answer, Records)


def test_a_server_that_fails_after_all_is_not_asked_over_tcp():
    """It has said TC before, and has had to wait."""
    connected, late = threading.Event(), threading.Event()
    asked = []

    def slow(n, query):
        connected.wait(5)
        late.set()
        return [truncated(query), good(query, 2, records=0)]

    def transfer(connection):
        connected.set()
        late.wait(5)
        time.sleep(0.05)
        reset(connection)

    first = Scripted(slow, lambda connection: asked.append(connection.recv(4096)))
    second = Scripted(lambda n, query: [truncated(query)], transfer)
    with first, second:
        servers, timing = [first.server, second.server], Timing(attempt_timeout=0.2)
        answer = sync_ask(servers, seconds=5, timing=timing)
    assert answer.reason is FailureReason.TRUNCATED
    assert asked == [b""]  # by the one that ends the test


@both
def test_a_stream_that_is_given_up_is_closed_once(ask, monkeypatch):
    """Although there is no socket for the one that would take its place."""
    from senderdomain.resolvers import _tcp

    def once(*arguments):
        if opened:
            raise OSError(24, "Too many open files")
        opened.append(1)
        return real(*arguments)

    real, opened = _tcp.Stream, []
    monkeypatch.setattr(_tcp, "Stream", once)

    hanging = Scripted(lambda n, query: [truncated(query)], hang)
    poor = Scripted(lambda n, query: [truncated(query)])
    with hanging, poor:
        answer = ask([hanging.server, poor.server], seconds=2)
    assert answer.reason is FailureReason.TIMEOUT
    assert opened


def test_one_question_that_breaks_costs_the_others_nothing(caplog, monkeypatch):
    """Nor is it swept up again for ever; who waits in the queue has its turn."""
    broken = Question(DomainName("broken.example"), RecordType.MX)
    real = Pending.forget

    def forget(pending):
        if pending.question is broken:
            raise ValueError("ours")
        real(pending)

    def loud(answer):
        raise ValueError("theirs")

    monkeypatch.setattr(Pending, "forget", forget)
    timing = Timing(attempt_timeout=0.05, max_in_flight=3)
    with Scripted(lambda n, query: []) as silent:
        resolver = StubResolver([silent.server], timing=timing)
        answers = []
        now = time.monotonic()
        resolver.ask(broken, now + 0.1, answers.append)
        resolver.ask(ASKED, now + 0.1, loud)
        resolver.ask(ASKED, now + 0.1, answers.append)
        resolver.ask(ASKED, now + 0.3, answers.append)
        while len(answers) < 3:
            resolver.pump()
        resolver.close()
    assert {answer.reason for answer in answers[:2]} == {
        FailureReason.RESOLVER_BUG,
        FailureReason.TIMEOUT,
    }
    assert answers[2].reason is FailureReason.TIMEOUT
    # Which of the two comes first is left open; the other is one more of its kind.
    assert "resolver raised ValueError" in caplog.text


def test_whoever_is_told_may_close_the_resolver():
    """In the midst of a sweep; everybody is told, and once."""
    with Scripted(lambda n, query: []) as silent:
        resolver = StubResolver([silent.server], timing=QUICK)
        answers = []

        def told(answer):
            answers.append(answer)
            resolver.close()

        for _ in range(3):
            resolver.ask(ASKED, time.monotonic() + 0.05, told)
        watcher = resolver._watcher()
        while not answers:
            watcher.pump()
    assert [answer.reason for answer in answers] == [
        FailureReason.TIMEOUT,
        FailureReason.RESOLVER_DOWN,
        FailureReason.RESOLVER_DOWN,
    ]


def test_a_late_failure_does_not_hurry_the_next_try():
    """Another server has been asked and has its time."""
    late = threading.Event()

    def first(n, query):
        late.wait(1)
        return [good(query, 2, records=0)]

    def second(n, query):
        late.set()
        time.sleep(0.05)
        return [good(query)]

    timing = Timing(attempt_timeout=0.1)
    with Scripted(first) as failing, Scripted(second) as working:
        servers = [failing.server, working.server]
        assert isinstance(sync_ask(servers, seconds=2, timing=timing), Records)
        assert len(working.received) == 1


def test_threads_learn_from_each_other_which_server_answers():
    """A new one does not begin with the dead."""
    with Scripted(lambda n, query: []) as silent, LoopbackDNS(ZONE) as server:
        resolver = StubResolver([silent.server, server.server], timing=QUICK)
        for _ in range(3):
            thread = threading.Thread(
                target=resolver.resolve, args=(ASKED, time.monotonic() + 5)
            )
            thread.start()
            thread.join()
        assert len(silent.received) == 1


def test_whoever_gets_no_turn_in_time_is_told_of_the_overload():
    """Not of a timeout, which would be remembered; and nothing is sent any more."""
    with Scripted(lambda n, query: []) as silent:
        timing = Timing(attempt_timeout=5, max_in_flight=1)
        resolver = StubResolver([silent.server], timing=timing)
        engine = resolver._watcher().engine
        answers = []
        now = time.monotonic()
        resolver.ask(ASKED, now + 60, answers.append)
        resolver.ask(ASKED, now + 0.01, answers.append)
        time.sleep(0.02)
        # The first one ends before a sweep has found the second.
        engine._finish(*engine._pending, Failure(FailureReason.SERVFAIL))
        assert [answer.reason for answer in answers] == [
            FailureReason.SERVFAIL,
            FailureReason.OVERLOAD,
        ]
        resolver.close()


def test_a_list_waits_for_whoever_reads_it():
    """Time in which nobody looks for answers does not count."""
    zone = {f"n{n}.example": {"A": ["192.0.2.1"]} for n in range(40)}
    with LoopbackDNS(zone) as server:
        resolver = StubResolver([server.server])
        verifier = DomainVerifier(resolver, deadline=0.2)
        senders = [f"a@n{n}.example" for n in range(40)]
        outcomes = []
        for verdict in verifier.verify_many(senders, in_flight=20):
            outcomes.append(verdict.outcome)
            if len(outcomes) in (1, 20):
                time.sleep(0.3)
            time.sleep(0.01)
        resolver.close()
    assert outcomes == [Outcome.IMPLICIT_MX] * 40


def test_a_list_waits_for_its_source():
    """Nor does the time count for which the next sender is waited for."""
    zone = {f"n{n}.example": {"A": ["192.0.2.1"]} for n in range(4)}

    def senders():
        for n in range(4):
            yield f"a@n{n}.example"
            time.sleep(0.3)

    with LoopbackDNS(zone) as server:
        resolver = StubResolver([server.server])
        verifier = DomainVerifier(resolver, deadline=0.2)
        outcomes = [verdict.outcome for verdict in verifier.verify_many(senders())]
        resolver.close()
    assert outcomes == [Outcome.IMPLICIT_MX] * 4


def test_a_list_gives_what_is_ready_before_it_reads_on():
    """A slow source keeps no verdict until its end."""
    zone = {f"n{n}.example": {"MX": ["10 mx.d.example."]} for n in range(4)}
    taken = []

    def senders():
        for name in zone:
            taken.append(name)
            yield f"a@{name}"
            while not server.asked[f"{name} MX"]:
                time.sleep(0.001)
            time.sleep(0.05)

    with LoopbackDNS(zone) as server:
        resolver = StubResolver([server.server])
        verdicts = DomainVerifier(resolver).verify_many(senders())
        assert next(verdicts).accepted
        assert len(taken) <= 2
        assert len(list(verdicts)) == 3
        resolver.close()


def test_answers_that_are_there_are_read_before_anybody_is_given_up():
    """Even if nobody has looked at the socket for the whole time."""
    with LoopbackDNS(ZONE) as server:
        resolver = StubResolver([server.server])
        answers = []
        for _ in range(300):
            resolver.ask(ASKED, time.monotonic() + 0.1, answers.append)
        resolver._watcher().engine.flush()
        while server.asked["d.example MX"] < 300:
            time.sleep(0.001)
        time.sleep(0.15)
        resolver._watcher().engine.sweep()
        assert len(answers) == 300
        assert all(isinstance(answer, Records) for answer in answers)
        resolver.close()


def has_edns(query):
    """Tell whether it has an OPT record."""
    return dns.message.from_wire(query).edns >= 0


def test_each_server_may_refuse_edns():
    """One has, when the other's refusal comes: it, too, is asked without."""
    refused = threading.Event()

    def late(n, query):
        if not has_edns(query):
            return [good(query)]
        refused.wait(5)
        return [good(query, 1, records=0)]

    def soon(n, query):
        if has_edns(query):
            return [good(query, 1, records=0)]
        refused.set()
        return []

    timing = Timing(attempt_timeout=0.1)
    with Scripted(late) as first, Scripted(soon) as second:
        servers = [first.server, second.server]
        answer = sync_ask(servers, seconds=5, timing=timing)
        assert isinstance(answer, Records)
        assert len(first.received) == 2


def test_a_late_refusal_of_edns_does_not_undo_the_query_without():
    """That one has been sent meanwhile, because the other server refused."""
    received = []

    def late(n, query):
        received.append(query)
        if n == 0:
            return []
        # Now comes what the first query, with EDNS, has to be told.
        client = first.received[0][1]
        first._udp.sendto(good(received[0], 1, records=0), client)
        time.sleep(0.05)
        return [good(query)]

    def soon(n, query):
        return [good(query, 1, records=0)] if has_edns(query) else []

    with Scripted(late) as first, Scripted(soon) as second:
        servers, timing = [first.server, second.server], Timing(attempt_timeout=0.2)
        answer = sync_ask(servers, seconds=5, timing=timing)
        assert isinstance(answer, Records)
        assert list(map(has_edns, received)) == [True, False]


class Interrupt(BaseException):
    """What a signal handler raises, as Ctrl-C does."""


def interrupt_at(point, work):
    """
    Interrupt *work* at the call or return of that number inside the package.

    Returns:
        Whether it got that far.
    """
    seen = 0

    def profile(frame, event, argument):
        nonlocal seen
        code = frame.f_code
        ours = code.co_filename.startswith(str(Path(_fork.__file__).parent))
        if ours and event in ("call", "c_return") and code.co_name != "<genexpr>":
            seen += 1
            if seen == point:
                sys.setprofile(None)
                raise Interrupt

    with contextlib.suppress(Interrupt):
        try:
            sys.setprofile(profile)
            work()
        finally:
            sys.setprofile(None)
    return seen >= point


@pytest.mark.filterwarnings("ignore")  # a socket may be lost where it is opened
def test_an_interrupt_leaves_nothing_behind_wherever_it_comes():
    """The next sender is judged as if nothing had happened, in the same thread."""
    with LoopbackDNS(ZONE) as server:
        point = 0
        while True:
            point += 1
            resolver = StubResolver([server.server])
            verifier = DomainVerifier(resolver)
            work = partial(verifier.verify, "a@d.example")
            got_there = interrupt_at(point, work)
            assert verifier.stats().under_way == 0, point
            assert verifier.verify("a@d.example").accepted, point
            assert verifier.verify("a@many.example").accepted, point
            resolver.close()
            del resolver, verifier, work
            if not got_there:
                break
        gc.collect()
    assert point > 100


@pytest.mark.parametrize("count", [1, 100])
def test_what_is_sent_together_and_cannot_be_is_a_failure(count, monkeypatch):
    """In a loop, where it is found out later; who has left is not asked for."""
    monkeypatch.setattr(Channel, "transmit", _unreachable)

    async def main():
        resolver = AsyncStubResolver(["127.0.0.1:9"])
        deadline = time.monotonic() + 5
        dropped = []
        callback = dropped.append
        resolver.ask(ASKED, deadline, callback)
        resolver.drop(callback)
        asked = [resolver.resolve(ASKED, deadline) for _ in range(count)]
        answers = await asyncio.gather(*asked)
        resolver.close()
        return answers, dropped

    answers, dropped = asyncio.run(main())
    assert {answer.reason for answer in answers} == {FailureReason.RESOLVER_DOWN}
    assert len(answers) == count
    assert dropped == []


def _unreachable(*_):
    raise OSError


def ask_together(server, names):
    """Ask for the MX of all *names* in one go; give the answers and the channels."""
    resolver = StubResolver([server])
    engine, answers = resolver._watcher().engine, {}
    for name in names:
        question = Question(DomainName(name), RecordType.MX)
        engine.ask(question, time.monotonic() + 5, partial(answers.setdefault, name))
    engine.flush()
    channels = engine._pool.channels()
    while len(answers) < len(names):
        resolver.pump()
    resolver.close()
    return answers, channels


MANY = [f"{'x' * (n % 3)}{n:02}.example" for n in range(30)]


@pytest.fixture
def segments(monkeypatch):
    """Tell how many queries were sent as one each time, and whether that went well."""
    sent, plainly = [], Channel.transmit_as_one

    def transmit_as_one(channel, queries):
        asked = channel.segmenting
        went_well = plainly(channel, queries)
        if asked:
            sent.append((len(queries), went_well))
        return went_well

    monkeypatch.setattr(Channel, "transmit_as_one", transmit_as_one)
    return sent


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes segments")
def test_what_is_sent_together_is_cut_up_by_the_system(segments):
    """Three sizes of ten queries each, and a shorter one at the end of each row."""
    with LoopbackDNS({name: {"MX": ["10 mx.d.example."]} for name in MANY}) as server:
        answers, channels = ask_together(server.server, MANY)
    assert segments == [(11, True), (10, True), (9, True)]
    assert all(isinstance(answer, Records) for answer in answers.values())
    assert [channel.uses for channel in channels] == [30]


def sent_one_by_one(segments):
    """Ask in a way that does not send segments."""
    with LoopbackDNS({name: {"MX": ["10 mx.d.example."]} for name in MANY}) as server:
        answers, _ = ask_together(server.server, MANY)
    assert all(isinstance(answer, Records) for answer in answers.values())
    return segments


def raising(number):
    """Make a function that raises this error of the system."""

    def refuse(*_):
        raise OSError(number, "refused")

    return refuse


def with_segments_that(monkeypatch, send):
    """Replace what sends them, in every channel."""
    plainly = Channel.__init__

    def opened(channel, *args):
        plainly(channel, *args)
        channel.segmenting, channel.send_segments = True, send

    monkeypatch.setattr(Channel, "__init__", opened)


@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.EOPNOTSUPP])
def test_who_does_not_take_segments_is_asked_once(number, monkeypatch, segments):
    """IPsec, say, refuses: all goes out one by one, and nothing is lost."""
    with_segments_that(monkeypatch, raising(number))
    assert sent_one_by_one(segments) == [(11, False)]


def test_a_system_that_knows_no_segments_sends_one_by_one(monkeypatch, segments):
    """It would take no notice, and send one large datagram."""
    unknown = mock.Mock(getsockopt=raising(errno.ENOPROTOOPT))
    assert not _channel._can_segment(unknown)
    monkeypatch.setattr(_channel, "_can_segment", lambda sock: False)
    assert sent_one_by_one(segments) == []


def test_only_linux_is_asked_whether_it_takes_segments(monkeypatch):
    """The number of that option may mean something else elsewhere."""
    monkeypatch.setattr(_channel.sys, "platform", "other")
    knowing = mock.Mock()
    assert not _channel._can_segment(knowing)
    knowing.getsockopt.assert_not_called()


def test_an_error_belongs_to_the_query_that_meets_it(monkeypatch):
    """What others of the same row are told is none of its business."""
    with_segments_that(monkeypatch, raising(errno.ECONNREFUSED))
    plainly, sent = Channel.transmit, []

    def transmit(channel, query):
        sent.append(query)
        if len(sent) == 2:
            raise OSError(errno.ECONNREFUSED, "of some earlier datagram")
        plainly(channel, query)

    monkeypatch.setattr(Channel, "transmit", transmit)
    with LoopbackDNS({name: {"MX": ["10 mx.d.example."]} for name in MANY}) as server:
        answers, channels = ask_together(server.server, MANY)
    assert len(sent) == 30
    failed = [a for a in answers.values() if not isinstance(a, Records)]
    assert [a.reason for a in failed] == [FailureReason.RESOLVER_DOWN]
    assert channels[0].segmenting  # that error says nothing about segments


def test_segments_that_find_a_full_buffer_are_lost(monkeypatch):
    """As datagrams are, and asked again."""
    with_segments_that(monkeypatch, raising(errno.EAGAIN))
    with LoopbackDNS({name: {"MX": ["10 mx.d.example."]} for name in MANY}) as server:
        resolver = StubResolver([server.server], timing=Timing(attempt_timeout=0.05))
        engine, answers = resolver._watcher().engine, []
        for name in MANY:
            question = Question(DomainName(name), RecordType.MX)
            engine.ask(question, time.monotonic() + 5, answers.append)
        engine.flush()
        assert not any(server.asked.values())
        while len(answers) < len(MANY):
            resolver.pump()
        resolver.close()
    assert all(isinstance(answer, Records) for answer in answers)


def test_a_socket_is_replaced_in_the_midst_of_many_questions():
    """None carries more than its share."""
    with LoopbackDNS({"d.example": {"MX": ["10 mx.d.example."]}}) as server:
        resolver = StubResolver([server.server])
        engine, answers = resolver._watcher().engine, []
        for _ in range(SOCKETS):
            engine._pool.take(0, time.monotonic(), ())
        engine._pool._open[0][0].uses = MAX_USES - 5
        for _ in range(20):
            engine.ask(ASKED, time.monotonic() + 5, answers.append)
        engine.flush()
        uses = sorted(channel.uses for channel in engine._pool.channels())
        assert uses == [1, 1, 16, MAX_USES]
        while len(answers) < 20:
            resolver.pump()
        resolver.close()


def test_who_is_told_that_nothing_can_be_sent_may_ask_again(monkeypatch):
    """What he asks is sent after the rest, and not in the midst of it."""
    with Scripted(lambda n, query: []) as silent:
        resolver = StubResolver([silent.server])
        engine, answers = resolver._watcher().engine, []

        def again(answer):
            answers.append(answer)
            if len(answers) < 10:
                engine.ask(ASKED, time.monotonic() + 5, again)
                engine.flush()

        def none(*_):
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(engine._pool, "take", none)
        engine.ask(ASKED, time.monotonic() + 5, again)
        engine.flush()
        assert [a.reason for a in answers] == [FailureReason.RESOLVER_DOWN] * 10
        resolver.close()


def test_who_is_told_that_nothing_can_be_sent_may_close_the_engine(monkeypatch):
    """The others hear of that, and of nothing else."""
    with_segments_that(monkeypatch, raising(errno.EIO))
    monkeypatch.setattr(Channel, "transmit", _unreachable)
    with Scripted(lambda n, query: []) as silent:
        resolver = StubResolver([silent.server])
        engine, answers = resolver._watcher().engine, []

        def close(answer):
            answers.append(answer)
            engine.close()

        for callback in (close, answers.append, answers.append):
            engine.ask(ASKED, time.monotonic() + 5, callback)
        engine.flush()
        assert [a.detail for a in answers[1:]] == ["closed"] * 2
        assert len(answers) == 3
        resolver.close()


def test_a_second_try_that_cannot_be_sent_is_the_last(monkeypatch):
    """There is one server, and it cannot be reached any more."""
    with Scripted(lambda n, query: []) as silent:
        timing = Timing(attempt_timeout=0.05)
        resolver = StubResolver([silent.server], timing=timing)
        engine, answers = resolver._watcher().engine, []
        engine.ask(ASKED, time.monotonic() + 5, answers.append)
        engine.flush()
        monkeypatch.setattr(Channel, "transmit", _unreachable)
        while not answers:
            resolver.pump()
        assert [a.reason for a in answers] == [FailureReason.RESOLVER_DOWN]
        resolver.close()


def test_what_is_asked_while_others_are_given_up_is_sent_once():
    """It has not been sent yet, so it cannot be overdue."""
    with LoopbackDNS(ZONE) as server:
        resolver = StubResolver([server.server])
        engine, answers = resolver._watcher().engine, []

        def again(answer):
            answers.append(answer)
            for _ in range(4):
                engine.ask(ASKED, time.monotonic() + 5, answers.append)

        engine.ask(ASKED, time.monotonic() + 5, again)
        engine.flush()
        while not server.asked["d.example MX"]:
            time.sleep(0.001)
        time.sleep(0.05)
        engine.ask(Question(DomainName("s.example"), RecordType.MX), 0.0, print)
        engine.sweep()
        assert [pending.sends for pending in engine._pending] == [[1]] * 4
        engine.flush()
        assert [pending.sends for pending in engine._pending] == [[1]] * 4
        while len(answers) < 5:
            resolver.pump()
        resolver.close()


class Interrupting:
    """A watcher in which a signal handler raises."""

    def __init__(self):
        """Nothing has been put off yet."""
        self.put_off = []
        self.interrupt = False

    def later(self, callback):
        """Put it off."""
        self.put_off.append(callback)

    def arm(self):
        """Be interrupted, if that is wanted."""
        if self.interrupt:
            self.interrupt = False
            raise KeyboardInterrupt


def test_an_interrupt_of_what_is_sent_together_strands_nobody():
    """It is sent later."""
    watcher, wanted = Interrupting(), []
    servers = Servers(parse_servers(["127.0.0.1:1"]))
    udp = Udp(servers, Timing(), watcher, None, wanted, print, print)
    udp.put("nobody wants it any more")
    watcher.interrupt = True
    with pytest.raises(KeyboardInterrupt):
        watcher.put_off.pop()()
    (later,) = watcher.put_off
    later()
    assert watcher.put_off == [later]
    udp.put("another")
    assert len(watcher.put_off) == 2


def test_a_try_that_finds_a_socket_worn_replaces_it():
    """Also if the one before it has been used for the same question."""
    resolver = StubResolver(["127.0.0.1:1"])
    pool = resolver._watcher().engine._pool
    first, second, *_ = [pool.take(0, 0.0, ()) for _ in range(SOCKETS)]
    second.uses = MAX_USES
    taken = pool.take(0, 0.0, [first])
    assert taken not in (first, second)
    assert taken.uses == 1
    assert second not in pool._open[0]
    resolver.close()


def test_a_try_that_finds_no_new_socket_takes_one_that_is_new_to_it(monkeypatch):
    """Whatever comes first in the pool."""
    resolver = StubResolver(["127.0.0.1:1"])
    pool = resolver._watcher().engine._pool
    first, second, third, _ = [pool.take(0, 0.0, ()) for _ in range(SOCKETS)]
    first.uses = MAX_USES
    monkeypatch.setattr("senderdomain.resolvers._pool.Channel", _unreachable)
    assert pool.take(0, 0.0, [second]) is third
    resolver.close()


def test_close_tells_those_who_wait_in_a_loop_of_another_thread():
    """In their thread, and at once."""
    told, waiting = [], threading.Event()

    async def main(resolver):
        asked = resolver.resolve(ASKED, time.monotonic() + 30)
        asyncio.get_running_loop().call_later(0.02, waiting.set)
        told.append(await asked)

    with Scripted(lambda n, query: []) as silent:
        resolver = AsyncStubResolver([silent.server], timing=Timing(30))
        thread = threading.Thread(
            target=asyncio.run, args=(main(resolver),), kwargs={"debug": True}
        )
        thread.start()
        waiting.wait(5)
        resolver.close()
        thread.join(5)
    assert [answer.detail for answer in told] == ["closed"]


def test_a_burst_after_a_pause_is_asked_for_before_the_next_pause():
    """The source may wait for just that, as one that follows a log does."""
    names = [f"n{n}.example" for n in range(60)]
    zone = {name: {"MX": ["10 mx.d.example."]} for name in names}

    def senders():
        yield from (f"a@{name}" for name in names[:50])
        time.sleep(0.02)
        for name in names[50:]:
            yield f"a@{name}"
        until = time.monotonic() + 5
        while not all(server.asked[f"{name} MX"] for name in names[50:]):
            assert time.monotonic() < until
            time.sleep(0.001)

    with LoopbackDNS(zone) as server:
        resolver = StubResolver([server.server])
        verdicts = list(DomainVerifier(resolver).verify_many(senders()))
        resolver.close()
    assert len(verdicts) == 60


def test_no_more_than_32_questions_go_out_in_a_row():
    """The others go over the next socket."""
    with Scripted(lambda n, query: []) as silent:
        resolver = StubResolver([silent.server])
        engine = resolver._watcher().engine
        for _ in range(40):
            engine.ask(ASKED, time.monotonic() + 5, print)
        engine.flush()
        uses = sorted(channel.uses for channel in engine._pool.channels())
        assert uses == [8, 32]
        resolver.close()
