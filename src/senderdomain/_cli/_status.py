"""Exit statuses, as sysexits.h has them, and the mistake that leads to one."""

from __future__ import annotations

from .._reply import Action

ACCEPT, REJECT = 0, 1
USAGE, IO_ERROR, DEFER, CONFIG = 64, 74, 75, 78
INTERRUPTED = 130

OF_ACTION = {Action.ACCEPT: ACCEPT, Action.DEFER: DEFER, Action.REJECT: REJECT}


class Mistake(Exception):  # noqa: N818 - it is not our error
    """
    Something the user can mend.

    Args:
        message: One line.
        status: To exit with.
    """

    def __init__(self, message: object, status: int = USAGE) -> None:
        """See the class."""
        super().__init__(" ".join(str(message).split()))
        self.status = status
