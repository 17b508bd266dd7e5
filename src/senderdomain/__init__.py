"""
Does the sender's domain exist on the Internet, and what do we say to the client?

    from senderdomain import DomainVerifier

    with DomainVerifier() as verifier:
        print(verifier.verify("test@DomainTest.com").reply)

Importing the package opens no socket and reads no file, and loads dnspython, idna
and cachetools only when something needs them.
"""

from typing import TYPE_CHECKING

from . import presets
from ._ask import AsyncResolver, Resolver
from ._cache import Cache, FindingCache
from ._dns import (
    MX,
    Answer,
    DomainName,
    Failure,
    FailureReason,
    NoData,
    NxDomain,
    Question,
    Records,
    RecordType,
)
from ._domain import AddressRules
from ._finding import Finding, Outcome, Reason, SyntaxFault, TargetFault
from ._policy import Policy, TablePolicy
from ._reply import Action, Reply, Stage, shown
from ._report import Health, Stats
from ._safeguards import Safeguards
from ._targets import Depth, TargetRules
from ._verdict import Verdict
from ._verifier import DomainVerifier
from ._version import __version__

if TYPE_CHECKING:
    from ._async_verifier import AsyncDomainVerifier
    from ._profile import Profile, Receiver

__all__ = [
    "MX",
    "Action",
    "AddressRules",
    "Answer",
    "AsyncDomainVerifier",
    "AsyncResolver",
    "Cache",
    "Depth",
    "DomainName",
    "DomainVerifier",
    "Failure",
    "FailureReason",
    "Finding",
    "FindingCache",
    "Health",
    "NoData",
    "NxDomain",
    "Outcome",
    "Policy",
    "Profile",
    "Question",
    "Reason",
    "Receiver",
    "RecordType",
    "Records",
    "Reply",
    "Resolver",
    "Safeguards",
    "Stage",
    "Stats",
    "SyntaxFault",
    "TablePolicy",
    "TargetFault",
    "TargetRules",
    "Verdict",
    "__version__",
    "presets",
    "shown",
]


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))


def __getattr__(name: str) -> object:
    # asyncio takes longer to load than all of this package, and half of its users
    # are threads.
    if name == "AsyncDomainVerifier":
        from ._async_verifier import AsyncDomainVerifier  # noqa: PLC0415

        return AsyncDomainVerifier
    if name in ("Profile", "Receiver"):
        from . import _profile  # noqa: PLC0415 - most programs have no use for it

        return getattr(_profile, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
