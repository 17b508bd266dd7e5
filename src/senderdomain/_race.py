"""
Several questions at the same time, whose answers are heard one by one.

Owns      which of the questions are put, and in which order the answers are heard.
Knows not what is asked, and by whom it is carried.

A resolver that answers while it is asked is put one question after the other, and
none that nobody waits for any more; any other gets all of them at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from ._dns import Answer, Exchanged, Question

Put: TypeAlias = Callable[[Question, Callable[[Answer], None]], None]


class Race:
    """
    Questions under way.

    Args:
        questions: At least one.
        put: Puts a question, and calls back with its answer.
        hear: Gets an answer whenever `go_on` has been called.
    """

    def __init__(
        self,
        questions: tuple[Question, ...],
        put: Put,
        hear: Callable[[Exchanged], None],
    ) -> None:
        """Put nothing yet."""
        self._unasked = deque(questions)
        self._put = put
        self._hear = hear
        self._heard: deque[Exchanged] = deque()
        self._under_way: dict[Question, Callable[[Answer], None]] = {}
        self._awaited = False
        self._busy = False

    def go_on(self) -> None:
        """Let the next answer be heard; now, or when it comes."""
        self._awaited = True
        if self._busy:  # called by who hears: the loop below is running
            return
        self._busy = True
        try:
            while self._awaited:
                if self._heard:
                    self._awaited = False
                    self._hear(self._heard.popleft())
                elif self._unasked:
                    question = self._unasked.popleft()
                    callback = partial(self._came, question)
                    self._under_way[question] = callback
                    self._put(question, callback)
                else:
                    return
        finally:
            self._busy = False

    def end(self, drop: Callable[[Callable[[Answer], None]], None]) -> None:
        """Let nobody hold a place for answers that nobody waits for any more."""
        while self._under_way:
            drop(self._under_way.popitem()[1])

    def _came(self, question: Question, answer: Answer) -> None:
        self._under_way.pop(question, None)
        self._heard.append((question, answer))
        if self._awaited:
            self.go_on()
