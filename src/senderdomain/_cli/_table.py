"""
What every server would answer, side by side.

Owns      the table of ``--preset all``.
Knows not how a verdict is reached.
"""

from __future__ import annotations

import threading

from collections.abc import Iterable, Mapping

from .._reply import Action, shown
from .._verdict import Verdict
from .._verifier import DomainVerifier
from ._verdicts import show_json, show_row


def show_table(
    verifiers: Mapping[str, DomainVerifier],
    addresses: Iterable[str | bytes],
    *,
    smtputf8: bool,
    as_json: bool,
) -> set[Action]:
    """
    Print one row for each verifier, for each address.

    They ask at the same time: a server that does not answer costs its time only once.
    """
    actions: set[Action] = set()
    width = max(map(len, verifiers))
    for address in addresses:
        verdicts = _ask_all(verifiers, address, smtputf8=smtputf8)
        if not as_json:
            print(shown(next(iter(verdicts.values())).sender))
        for name, each in verdicts.items():
            actions.add(each.action)
            if as_json:
                show_json(each, preset=name)
            else:
                show_row(f"  {name:{width}}  ", each)
    return actions


def _ask_all(
    verifiers: Mapping[str, DomainVerifier], address: str | bytes, *, smtputf8: bool
) -> dict[str, Verdict]:
    verdicts: dict[str, Verdict] = {}

    def ask(name: str, verifier: DomainVerifier) -> None:
        """Put the verdict of one verifier into its place."""
        verdicts[name] = verifier.verify(address, smtputf8=smtputf8)

    # Daemons, and not a pool, because the interpreter does not wait for them: whoever
    # has pressed Ctrl-C wants the prompt, not the answers.
    threads = [
        threading.Thread(target=ask, args=each, daemon=True)
        for each in verifiers.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: verdicts[name] for name in verifiers}
