"""
Does the sender's domain exist on the Internet, and what do we say to the client?

    from senderdomain import DomainVerifier

    with DomainVerifier() as verifier:
        print(verifier.verify("test@DomainTest.com").reply)

Importing the package opens no socket and reads no file. It loads what a name stands
for when the name is used, and dnspython, idna, cachetools and asyncio when something
needs them.
"""

from ._lazy import lazily
from ._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import presets
    from ._ask import AsyncResolver, Resolver
    from ._async_verifier import AsyncDomainVerifier
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
    from ._profile import Profile, Receiver
    from ._reply import Action, Reply, Stage, shown
    from ._report import Health, Stats
    from ._safeguards import Safeguards
    from ._targets import Depth, TargetRules
    from ._verdict import Verdict
    from ._verifier import DomainVerifier

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

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Action": "_reply",
        "AddressRules": "_domain",
        "Answer": "_dns",
        "AsyncDomainVerifier": "_async_verifier",
        "AsyncResolver": "_ask",
        "Cache": "_cache",
        "Depth": "_targets",
        "DomainName": "_dns",
        "DomainVerifier": "_verifier",
        "Failure": "_dns",
        "FailureReason": "_dns",
        "Finding": "_finding",
        "FindingCache": "_cache",
        "Health": "_report",
        "MX": "_dns",
        "NoData": "_dns",
        "NxDomain": "_dns",
        "Outcome": "_finding",
        "Policy": "_policy",
        "Profile": "_profile",
        "Question": "_dns",
        "Reason": "_finding",
        "Receiver": "_profile",
        "RecordType": "_dns",
        "Records": "_dns",
        "Reply": "_reply",
        "Resolver": "_ask",
        "Safeguards": "_safeguards",
        "Stage": "_reply",
        "Stats": "_report",
        "SyntaxFault": "_finding",
        "TablePolicy": "_policy",
        "TargetFault": "_finding",
        "TargetRules": "_targets",
        "Verdict": "_verdict",
        "presets": "",
        "shown": "_reply",
    },
)
