"""
The verdict at ``MAIL FROM`` in an aiosmtpd server.

Owns      which reply reaches the client, and hanging up.
Knows not how a verdict is reached.

    class Handler(SenderDomainMixin):
        async def handle_DATA(self, server, session, envelope): ...

    Controller(Handler(AsyncDomainVerifier()))

aiosmtpd hands a handler the address without its angle brackets, except for the null
reverse-path, which comes as the text ``<>``.
"""

from __future__ import annotations

import warnings

from dataclasses import replace
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from .._notices import complain
from .._reply import Reply
from .._verdict import Verdict

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

    from .._async_verifier import AsyncDomainVerifier


# RFC 5321, section 4.2.2, and RFC 3463, section 3.4: it is our own fault.
_LOCAL_ERROR = Reply(
    451, "X.3.0", "Requested action aborted: local error in processing"
)


class SenderDomainMixin:
    """
    Makes any aiosmtpd handler ask for the sender's domain; put it first.

    A rejected or deferred sender gets the verdict's reply. An accepted one goes on to
    the ``handle_MAIL`` of the next class, if there is one; otherwise the envelope
    gets the sender and the client the verdict's reply. Authenticated clients are not
    asked about (`Outcome.EXEMPT`).

    Args:
        verifier: Its policy decides.
        args: For the next class.
        kwargs: For the next class.

    Raises:
        ValueError: If the verifier is for threads.
    """

    def __init__(
        self,
        verifier: AsyncDomainVerifier,
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """See the class."""
        super().__init__(*args, **kwargs)
        if not iscoroutinefunction(getattr(verifier, "verify", None)):
            msg = f"not an AsyncDomainVerifier: {type(verifier).__name__}"
            raise ValueError(msg)
        self.verifier = verifier

    def __init_subclass__(cls) -> None:
        """Warn of a handler that replaces the check instead of adding to it."""
        super().__init_subclass__()
        for base in cls.__mro__[: cls.__mro__.index(SenderDomainMixin)]:
            own = vars(base).get("handle_MAIL")
            names = getattr(getattr(own, "__code__", None), "co_names", ())
            if own is not None and "handle_MAIL" not in names:
                msg = (
                    f"{base.__name__}.handle_MAIL replaces that of SenderDomainMixin,"
                    " so that no sender is verified; call super().handle_MAIL first"
                )
                warnings.warn(msg, stacklevel=2)

    def offers_enhanced_codes(self, server: SMTP, session: Session) -> bool:  # noqa: ARG002
        """
        Whether the client was told of ENHANCEDSTATUSCODES (RFC 2034, section 3).

        aiosmtpd does not offer it. A handler that does, in ``handle_EHLO``, says so
        with ``session.enhanced_status_codes = True``.
        """
        return bool(getattr(session, "enhanced_status_codes", False))

    async def handle_MAIL(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        mail_options: list[str],
    ) -> str:
        """Judge the sender; aiosmtpd calls this."""
        try:
            verdict = await self._judge(session, envelope, address)
            reply = self._fitted(verdict.reply, server, session)
        except Exception as error:  # noqa: BLE001 - our own mistake must not cost mail
            complain("no verdict", error=error)
            return str(self._fitted(_LOCAL_ERROR, server, session))
        if reply.closes:
            _hang_up_after_next_reply(server)
        if not verdict.accepted:
            return "\r\n".join(reply.lines)
        # getattr, and no "hasattr(super(), ...)": the next class may not have it.
        following = getattr(super(), "handle_MAIL", None)
        if following is not None:
            status: str = await following(
                server, session, envelope, address, mail_options
            )
            return status
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "\r\n".join(reply.lines)

    async def _judge(
        self, session: Session, envelope: Envelope, address: str
    ) -> Verdict:
        if not hasattr(self, "verifier"):
            msg = "SenderDomainMixin.__init__ was not called"
            raise RuntimeError(msg)
        if session.authenticated:
            return self.verifier.exempt(address)
        return await self.verifier.verify(address, smtputf8=bool(envelope.smtp_utf8))

    def _fitted(self, reply: Reply, server: SMTP, session: Session) -> Reply:
        return replace(reply, enhanced=self.offers_enhanced_codes(server, session))


def _hang_up_after_next_reply(server: SMTP) -> None:
    # A handler cannot close the connection itself: its reply is sent after it has
    # returned, and by then other handlers may have taken their time.
    push = server.push

    async def push_and_close(status: Any) -> None:  # noqa: ANN401
        """Send this reply, and no other."""
        del server.push
        await push(status)
        if server.transport is not None:
            server.transport.close()

    server.push = push_and_close  # type: ignore[method-assign]
