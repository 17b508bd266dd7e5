"""
Ways to get an answer from the DNS.

`StubResolver` and `AsyncStubResolver` ask the recursive resolvers of the system or
those they are told; `DnspythonResolver` and `AsyncDnspythonResolver` go through a
resolver of dnspython that the user has configured. Anything else with a method
``resolve(question, deadline)`` will do as well: see docs/resolvers.md.
"""

from .._lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._pending import Timing
    from .async_stub import AsyncStubResolver
    from .dnspython import AsyncDnspythonResolver, DnspythonResolver
    from .stub import StubResolver

__all__ = [
    "AsyncDnspythonResolver",
    "AsyncStubResolver",
    "DnspythonResolver",
    "StubResolver",
    "Timing",
]

# dnspython and asyncio each take longer to load than all of this package.
__getattr__, __dir__ = lazily(
    __name__,
    {
        "AsyncDnspythonResolver": "dnspython",
        "AsyncStubResolver": "async_stub",
        "DnspythonResolver": "dnspython",
        "StubResolver": "stub",
        "Timing": "_pending",
    },
)
