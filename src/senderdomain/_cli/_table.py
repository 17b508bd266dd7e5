"""
What every server would answer, side by side.

Owns      the table of ``--preset all``.
Knows not how a verdict is reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from operator import methodcaller

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
    with ThreadPoolExecutor(len(verifiers)) as pool:
        for address in addresses:
            ask = methodcaller("verify", address, smtputf8=smtputf8)
            verdicts: list[Verdict] = list(pool.map(ask, verifiers.values()))
            if not as_json:
                print(shown(verdicts[0].sender))
            for name, each in zip(verifiers, verdicts, strict=True):
                actions.add(each.action)
                if as_json:
                    show_json(each, preset=name)
                else:
                    show_row(f"  {name:{width}}  ", each)
    return actions
