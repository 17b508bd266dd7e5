"""
A resolver that denies everything: when its denials are not believed any more.

Owns      how many lookups in a row, or of the last 200, had their name denied; which
          denials are in doubt; what the canary has proved, and for how long.
Knows not how the canary is asked; no clock: it is given the time.

    calm -- 50 in a row, or over 90 % of 200 --> ask the canary -- there --> calm
                                                   ^   |
                                                   |   '-- missing, or no answer --.
                                                   '--- once a second --- storm <--'

A *canary* is a name that certainly exists: where it does not, nothing is proved by the
absence of others.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

from ._dns import DomainName

# Denials in a row that are out of the ordinary.
IN_A_ROW = 50

# Lookups that are looked at, and the denials among them that are as suspicious.
WINDOW = 200
TOO_MANY = 180

# Seconds for which a canary that is there speaks for the resolver, and denials, unless
# there are more of them in a second: a run of spam from made-up domains costs one
# question a second.
TRUSTED = 60.0
TRUSTED_DENIALS = 50
BETWEEN_CANARIES = 1.0

# Denials remembered by name, to be forgotten if they prove to be false. A resolver that
# turns bad is found out after the first 50, or a second.
SUSPECTS = 1024

_ROW = (1 << IN_A_ROW) - 1
_WINDOW = (1 << WINDOW) - 1


class Doubt(Enum):
    """What to do with a denial."""

    NONE = "believe it"
    ASK = "ask the canary"
    ASKED = "wait for what the canary has been asked"
    STORM = "do not believe it"


class Denials:
    """
    The outcomes of the last lookups, as bits: 1 is a denial.

    Attributes:
        history: The last 200 lookups.
        storm: Denials are not believed.
        since: When that began.
        asked: How often the canary was.
    """

    def __init__(self) -> None:
        """Begin with a name that exists, 200 times."""
        self.history = 0
        self._suspects: deque[DomainName] = deque(maxlen=SUSPECTS)
        self.storm = False
        self.since = 0.0
        self.asked = 0
        self._believed_until = float("-inf")
        self._believed = 0
        self._next_canary = float("-inf")
        self._waits_until: float | None = None

    def exists(self) -> None:
        """Note a lookup whose name was there."""
        self.history = self.history << 1 & _WINDOW

    def denied(self, domain: DomainName) -> bool:
        """Note a denial; tell whether it is in doubt."""
        self.history = self.history << 1 & _WINDOW | 1
        self._suspects.append(domain)
        return self.suspicious

    @property
    def suspicious(self) -> bool:
        """Whether there are too many of them."""
        history = self.history
        too_many = history & _ROW == _ROW or history.bit_count() > TOO_MANY
        return too_many or self.storm

    def doubt(self, now: float) -> Doubt:
        """Tell what to do with a denial in doubt."""
        if self._waits_until is not None and now < self._waits_until:
            return Doubt.STORM if self.storm else Doubt.ASKED
        self._believed -= 1
        if not self.storm and (
            (now < self._believed_until and self._believed >= 0)
            or now < self._next_canary
        ):
            return Doubt.NONE
        return Doubt.STORM if now < self._next_canary else Doubt.ASK

    def ask(self, now: float, deadline: float) -> None:
        """Note that the canary is asked, and has to answer by *deadline*."""
        self.asked += 1
        self._waits_until = deadline
        self._next_canary = now + BETWEEN_CANARIES

    def there(self, now: float) -> None:
        """Note that the canary is."""
        self._waits_until = None
        self._believed_until = now + TRUSTED
        self._believed = TRUSTED_DENIALS
        self._suspects.clear()
        if self.storm:
            self.storm = False
            self.history = 0

    def missing(self, now: float) -> list[DomainName]:
        """Note that the canary is not; tell which denials are to be forgotten."""
        self._waits_until = None
        if not self.storm:
            self.storm, self.since = True, now
        suspects = [*self._suspects]
        self._suspects.clear()
        return suspects
