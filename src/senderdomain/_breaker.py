"""
A resolver that fails at everything: when nobody is made to wait for it any more.

Owns      when it counts as out of order, who may try it then, when it counts as sound.
Knows not why a lookup has failed, what its caller is told; no clock: it is given the
          time.

    closed --- `failures` different domains in a row, or 10 s of nothing else ---> open
       ^                                                                            |
       '------- a good answer; after two outages in a minute, 3 s of them ----------'

"In a row" means that no other lookup had a good answer while the failing one was under
way. So who owns dead domains cannot open it as long as anybody's domain is alive.
"""

from __future__ import annotations

from ._dns import DomainName

# Seconds of nothing but failures after which fewer of them will do, and how few.
PATIENCE = 10.0
AT_LEAST = 5

# Seconds between two lookups that may try it.
BETWEEN_PROBES = 1.0

# A resolver that comes and goes: after so many outages within so many seconds, it has
# to be good for so many seconds.
OUTAGES = 2
WITHIN = 60.0
STEADY = 3.0

# Seconds for which failures do not count, after a name that certainly exists was found
# while all others failed: then it was not the resolver.
TRUSTED = 10.0


class Breaker:
    """
    Counts failures in a row.

    Args:
        failures: How many of them open it; never if 0.

    Attributes:
        answers: Changes with every good answer.
        open: Nobody is to wait.
        since: When it was opened last.
        transitions: How often it was opened and closed.
    """

    def __init__(self, failures: int) -> None:
        """Begin closed."""
        self._most = failures
        self.answers = 0
        self.open = False
        self.since = 0.0
        self.transitions = 0
        self._row: dict[DomainName, float] = {}
        self._next_probe = 0.0
        self._outages: list[float] = []
        self._good_since: float | None = None
        self._trusted_until = float("-inf")

    @property
    def uneasy(self) -> bool:
        """Whether a good answer would be news."""
        return self.open or bool(self._row)

    def failed(self, domain: DomainName, answers: int, now: float) -> bool:
        """
        Note a failure of the resolver's.

        Args:
            domain: What was looked up.
            answers: As it was when the lookup began.
            now: Seconds.

        Returns:
            Whether this has opened it.
        """
        if answers != self.answers or not self._most:
            return False  # it was alive meanwhile
        if self.open:
            self._good_since = None
            return False
        if now < self._trusted_until:
            return False
        self._row.setdefault(domain, now)
        first = next(iter(self._row.values()))
        lasting = len(self._row) >= AT_LEAST and now - first >= PATIENCE
        if len(self._row) < self._most and not lasting:
            return False
        self._open(now)
        return True

    def _open(self, now: float) -> None:
        self.open, self.since = True, now
        self.transitions += 1
        self._outages = [at for at in self._outages if now - at < WITHIN]
        self._outages.append(now)
        self._good_since = None
        self._next_probe = now
        self._row.clear()

    def lets_probe(self, now: float) -> bool:
        """Whether a lookup may try the resolver although it is open."""
        if now < self._next_probe:
            return False
        self._next_probe = now + BETWEEN_PROBES
        return True

    def answered(self, now: float) -> bool:
        """Note a good answer; tell whether this has closed it."""
        self.answers += 1
        self._row.clear()
        if not self.open:
            return False
        if self._good_since is None:
            self._good_since = now
        steady = now - self._good_since >= STEADY
        if len(self._outages) > OUTAGES and not steady:
            return False
        self.open = False
        self.transitions += 1
        return True

    def cleared(self, now: float) -> bool:
        """Note that it knows the name that exists; tell whether this has closed it."""
        self._trusted_until = now + TRUSTED
        return self.answered(now)
