"""
Ways to get an answer from the DNS.

`StubResolver` and `AsyncStubResolver` ask the recursive resolvers of the system or
those they are told; `DnspythonResolver` and `AsyncDnspythonResolver` go through a
resolver of dnspython that the user has configured. Anything else with a method
``resolve(question, deadline)`` will do as well: see docs/resolvers.md.
"""

from ._pending import Timing
from .dnspython import AsyncDnspythonResolver, DnspythonResolver
from .stub import AsyncStubResolver, StubResolver

__all__ = [
    "AsyncDnspythonResolver",
    "AsyncStubResolver",
    "DnspythonResolver",
    "StubResolver",
    "Timing",
]
