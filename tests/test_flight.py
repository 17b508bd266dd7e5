"""Single flight: one lookup, whoever waits, in whatever order things happen."""

from __future__ import annotations

import itertools
import os
import threading
import warnings

import pytest

from senderdomain import (
    DomainName,
    Failure,
    FailureReason,
    Finding,
    NoData,
    NxDomain,
    Outcome,
    Question,
    RecordType,
)
from senderdomain._flight import OVERDUE, tempfail
from senderdomain._flights import Flights
from senderdomain._landing import Landing
from senderdomain._lookup import first_question, lookup, next_step

D = DomainName("d.example")


class Believing:
    """A `Pilot` that believes whatever is found."""

    def hear(self, flight, evidence):
        """Go on as a lookup does."""
        return next_step(evidence, None)

    def keep(self, finding):
        """Remember nothing."""
        return finding


PILOT = Believing()


class Asked:
    """A `Carrier` that keeps the questions and answers when told to."""

    def __init__(self):
        """Begin with none."""
        self.open = []

    def ask(self, question, deadline, callback):
        """Keep the question."""
        self.open.append((question, callback))

    def drop(self, callback):
        """Nothing is taken back here."""
        raise AssertionError

    def answer(self, answer):
        """Answer the oldest question."""
        _, callback = self.open.pop(0)
        callback(answer)


class Raising(Asked):
    """A `Carrier` that raises."""

    def __init__(self, error):
        """Begin with the error."""
        self.error = error

    def ask(self, question, deadline, callback):
        """Raise."""
        raise self.error


def test_all_who_board_get_the_same_finding():
    """The first one starts it, and the list is empty afterwards."""
    flights, ask = Flights(), Asked()
    told = []
    flight, leads = flights.board(D, told.append, 0.0, 5.0)
    assert leads
    for _ in range(3):
        same, leads = flights.board(D, told.append, 0.0, 5.0)
        assert (same, leads) == (flight, False)
    flight.start(lookup(D), ask, PILOT)
    assert len(flights) == 1
    for _ in range(3):
        ask.answer(NoData(5))
    assert [f.outcome for f in told] == [Outcome.NODATA] * 4
    assert len(flights) == 0
    assert flights.landings == 1


def test_domains_fly_alone():
    """One flight is for one domain."""
    flights = Flights()
    for name in ("a.example", "b.example"):
        _, leads = flights.board(DomainName(name), print, 0.0, 5.0)
        assert leads


def test_a_lost_flight_is_replaced():
    """Its loop is closed or its thread dead, and its deadline has passed."""
    flights, ask = Flights(), Asked()
    told = []
    lost, _ = flights.board(D, told.append, 0.0, 5.0)
    lost.start(lookup(D), ask, PILOT)
    lost.thread = -1  # that of nobody any more
    _, leads = flights.board(D, told.append, 5.0 + OVERDUE, 10.0)
    assert not leads
    other, leads = flights.board(D, told.append, 5.01 + OVERDUE, 10.0)
    assert leads
    # The lost one may come back; it must not take the new one off the list.
    ask.answer(Failure(FailureReason.TIMEOUT))
    assert len(told) == 2
    assert flights.board(D, told.append, 5.5, 10.0) == (other, False)


def test_a_flight_of_this_very_thread_can_be_lost_too():
    """An interrupt has come before there was anybody to abandon it."""
    flights = Flights()
    lost, _ = flights.board(D, print, 0.0, 5.0)
    assert lost.is_ours()
    assert flights.board(D, print, 5.0 + OVERDUE, 10.0) == (lost, False)
    _, leads = flights.board(D, print, 5.01 + OVERDUE, 10.0)
    assert leads


def test_a_flight_is_abandoned_by_its_leader_only():
    """Whoever waits for another's lookup may be interrupted as well."""
    flights, told = Flights(), []
    leader, follower = told.append, print
    flights.board(D, leader, 0.0, 5.0)
    flights.board(D, follower, 0.0, 5.0)
    flights.abandon(D, follower)
    assert not told
    flights.abandon(D, leader)
    flights.abandon(D, leader)
    assert [f.reason for f in told] == [FailureReason.RESOLVER_BUG]


def test_a_mistake_of_ours_costs_no_verdict(caplog):
    """The waiters are told, and the log has the traceback."""

    def broken():
        raise RuntimeError("ours")
        yield

    flights = Flights()
    told = []
    flight, _ = flights.board(D, told.append, 0.0, 5.0)
    flight.start(broken(), Asked(), PILOT)
    assert told == [tempfail(D, FailureReason.RESOLVER_BUG)]
    assert "lookup of d.example failed, please report" in caplog.text


def test_a_question_of_many_that_cannot_be_put_costs_no_verdict(caplog):
    """The others are heard, and the log has the traceback."""

    def steps():
        asked = tuple(Question(D, qtype) for qtype in (RecordType.A, RecordType.AAAA))
        heard = [(yield asked), (yield ())]
        reasons = [answer.reason for _, answer in heard]
        return tempfail(D, reasons[0])

    flights = Flights()
    told = []
    flight, _ = flights.board(D, told.append, 0.0, 5.0)
    flight.start(steps(), Raising(RuntimeError("ours")), PILOT)
    assert told == [tempfail(D, FailureReason.RESOLVER_BUG)]
    assert "question about d.example failed, please report" in caplog.text


def begin_with_steps(flight, carrier, pilot):
    """Begin as a lookup does that has its own order."""
    flight.start(lookup(D), carrier, pilot)


def begin_with_question(flight, carrier, pilot):
    """Begin as nearly all lookups do."""
    flight.ask_first(first_question(D), carrier, pilot)


beginnings = pytest.mark.parametrize("begin", [begin_with_steps, begin_with_question])


@beginnings
def test_an_interrupt_releases_those_who_wait(begin):
    """KeyboardInterrupt goes to the one who asked."""
    flights = Flights()
    told = []
    flight, _ = flights.board(D, told.append, 0.0, 5.0)
    with pytest.raises(KeyboardInterrupt):
        begin(flight, Raising(KeyboardInterrupt()), PILOT)
    assert [f.reason for f in told] == [FailureReason.RESOLVER_BUG]
    assert len(flights) == 0


@beginnings
def test_a_carrier_that_raises_costs_no_verdict(begin, caplog):
    """It is ours, so it is a mistake of ours."""
    flights, told = Flights(), []
    flight, _ = flights.board(D, told.append, 0.0, 5.0)
    begin(flight, Raising(RuntimeError("ours")), PILOT)
    assert told == [tempfail(D, FailureReason.RESOLVER_BUG)]
    assert "lookup of d.example failed, please report" in caplog.text


@beginnings
@pytest.mark.parametrize("answers", [1, 3])
def test_both_beginnings_come_to_the_same_end(begin, answers):
    """By the first answer alone, or by all three."""
    flights, carrier, told = Flights(), Asked(), []
    flight, _ = flights.board(D, told.append, 0.0, 5.0)
    begin(flight, carrier, PILOT)
    for _ in range(answers):
        carrier.answer(NoData(7) if answers > 1 else NxDomain(7))
    (finding,) = told
    assert finding.outcome is (Outcome.NODATA if answers > 1 else Outcome.NXDOMAIN)
    assert len(finding.evidence) == answers
    assert not carrier.open


def test_a_mistake_with_the_first_answer_costs_no_verdict(caplog):
    """The waiters are told, and the log has the traceback."""

    class Broken(Believing):
        def hear(self, flight, evidence):
            raise RuntimeError("ours")

    flights, carrier, told = Flights(), Asked(), []
    flight, _ = flights.board(D, told.append, 0.0, 5.0)
    flight.ask_first(first_question(D), carrier, Broken())
    carrier.answer(NoData(5))
    assert told == [tempfail(D, FailureReason.RESOLVER_BUG)]
    assert "lookup of d.example failed, please report" in caplog.text


def test_who_leaves_is_told_nothing():
    """The others are; and who has been told may leave as well."""
    flights, carrier, told, left = Flights(), Asked(), [], []
    leaving = left.append
    flight, _ = flights.board(D, leaving, 0.0, 5.0)
    flights.board(D, told.append, 0.0, 5.0)
    flight.start(lookup(D), carrier, PILOT)
    flight.leave(leaving)
    carrier.answer(Failure(FailureReason.SERVFAIL))
    flight.leave(leaving)
    assert (len(told), left) == (1, [])


def test_who_has_joined_does_not_abandon_for_a_leader_that_has_left():
    """The flight goes on without the one, and belongs to the other as little."""
    flights, told, leader = Flights(), [], [].append
    flight, _ = flights.board(D, leader, 0.0, 5.0)
    flight.leave(leader)
    flights.abandon(D, told.append)
    follower = told.append
    flights.board(D, follower, 0.0, 5.0)
    flights.abandon(D, follower)
    assert not told
    assert len(flights) == 1


def test_who_leads_while_another_flies_has_to_board():
    """Nobody leads twice at the same time."""
    flights = Flights()
    flight = flights.lead(D, print, 0.0, 5.0)
    assert flights.lead(D, print, 0.0, 5.0) is None
    assert flights.board(D, print, 0.0, 5.0) == (flight, False)


def test_a_flight_that_lands_before_it_is_joined_is_flown_again():
    """Another thread may be as fast as that."""
    told = []

    class Landing(Flights):
        def lead(self, domain, waiter, *args):
            flight = super().lead(domain, waiter, *args)
            if flight is None:
                self._under_way[domain].land(tempfail(D, FailureReason.TIMEOUT))
            return flight

    flights = Landing()
    first, _ = flights.board(D, print, 0.0, 5.0)
    second, leads = flights.board(D, told.append, 0.0, 5.0)
    assert (second is first, leads) == (False, True)
    assert not told


@pytest.mark.parametrize("closed", [False, True])
def test_nobody_is_missed_where_the_loop_is_closed(closed, caplog):
    """A future in it cannot be set any more."""

    class Loop:
        def is_closed(self):
            return closed

    def gone(finding):
        raise RuntimeError("closed")

    flights = Flights()
    flight, _ = flights.board(D, gone, 0.0, 5.0, Loop())
    flight.abandon()
    assert ("nobody heard of d.example" in caplog.text) is not closed


def test_an_interrupt_while_they_are_told_strands_nobody():
    """The others are told when the flight is abandoned."""

    def interrupted(finding):
        raise KeyboardInterrupt

    flights, ask, told = Flights(), Asked(), []
    flight, _ = flights.board(D, interrupted, 0.0, 5.0)
    flights.board(D, told.append, 0.0, 5.0)
    flight.start(lookup(D), ask, PILOT)
    with pytest.raises(KeyboardInterrupt):
        ask.answer(Failure(FailureReason.SERVFAIL))
    flight.abandon()
    assert [f.outcome for f in told] == [Outcome.TEMPFAIL]


def test_a_thread_does_not_wait_for_ever():
    """The landing gives up by itself."""
    landing = Landing()
    assert landing.wait(0.01, D) == tempfail(D, FailureReason.TIMEOUT)


@pytest.mark.parametrize("early", [True, False])
def test_a_thread_is_woken(early):
    """Whether the finding comes before or while it waits."""
    landing = Landing()
    finding = Finding(D, Outcome.MX)
    if early:
        landing(finding)
    else:
        threading.Timer(0.02, landing, (finding,)).start()
    assert landing.wait(5, D) is finding


def test_flights_can_be_given_more_time():
    """Whoever reads a list slowly must not time out what is under way."""
    flights = Flights()
    flight, _ = flights.board(D, print, 0.0, 5.0)
    flights.postpone(2.5)
    assert flight.deadline == 7.5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_no_flights():
    """Those of its parent land without it."""
    flights = Flights()
    flights.board(D, print, 0.0, 5.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork
        child = os.fork()
    if child == 0:
        os._exit(len(flights))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(flights) == 1


EVENTS = ["start", "join", "join", "finish", "late"]


@pytest.mark.parametrize("order", sorted(set(itertools.permutations(EVENTS))))
def test_every_order_of_events_serves_everybody(order):
    """H6: leader start and finish, joiners before, between and after."""
    flights = Flights()
    asks, told, waiting = [], [], 0

    def board():
        flight, leads = flights.board(D, told.append, 0.0, 5.0)
        if leads:
            asks.append(Asked())
            flight.start(lookup(D), asks[-1], PILOT)

    for event in order:
        if event in ("start", "join", "late"):
            board()
            waiting += 1
        elif asks and asks[-1].open:
            asks[-1].answer(Failure(FailureReason.SERVFAIL))
            assert len(told) == waiting
    for ask in asks:
        while ask.open:
            ask.answer(Failure(FailureReason.SERVFAIL))
    assert len(told) == waiting
    assert len(flights) == 0
