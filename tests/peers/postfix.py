"""
Postfix with `reject_unknown_sender_domain`.

Owns      its configuration, and what the maintainer scripts would have made.
Knows not what it is asked.
"""

from __future__ import annotations

import os
import shutil

from pathlib import Path

from .users import POSTFIX

# Restrictions decide at RCPT unless told otherwise.
AT_MAIL = "smtpd_delay_reject = no"

FLAVOURS = {
    "postfix": AT_MAIL,
    "postfix-default": "",
    "postfix-550": f"""
{AT_MAIL}
unknown_address_reject_code = 550
unknown_address_tempfail_action = defer
""",
}
"""Name -> what it adds to the configuration that all of them have."""

MAIN = """
compatibility_level = 3.6
myhostname = mx.oracle.zz
mydomain = oracle.zz
mydestination = $mydomain
# The client is nobody's friend, and neither has he a name.
mynetworks = [::1]/128
smtpd_peername_lookup = no
smtpd_sender_restrictions = reject_unknown_sender_domain
local_recipient_maps =
alias_maps =
# All senders come from one client, as fast as they can.
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_client_recipient_rate_limit = 0
smtpd_tls_security_level = none
maillog_file = /var/log/mail
"""

MASTER = """
smtp      inet      n - n - - smtpd
cleanup   unix      n - n - 0 cleanup
qmgr      unix      n - n 300 1 qmgr
rewrite   unix      - - n - - trivial-rewrite
bounce    unix      - - n - 0 bounce
defer     unix      - - n - 0 bounce
trace     unix      - - n - 0 bounce
proxymap  unix      - - n - - proxymap
anvil     unix      - - n - 1 anvil
tlsmgr    unix      - - n 1000? 1 tlsmgr
local     unix      - n n - - local
error     unix      - - n - - error
retry     unix      - - n - - error
postlog   unix-dgram n - n - 1 postlogd
"""

QUEUES = (
    "active",
    "bounce",
    "corrupt",
    "defer",
    "deferred",
    "flush",
    "hold",
    "incoming",
    "maildrop",
    "private",
    "public",
    "saved",
    "trace",
)


def prepare(root: Path, flavour: str) -> list[str]:
    """Configure it in *root*; tell what to run there."""
    etc = root / "etc/postfix"
    (etc / "main.cf").write_text(MAIN + FLAVOURS[flavour], encoding="utf-8")
    (etc / "master.cf").write_text(MASTER, encoding="utf-8")
    shutil.copy(root / "usr/share/postfix/dynamicmaps.cf", etc)
    spool = root / "var/spool/postfix"
    (spool / "pid").mkdir(parents=True)
    for owned in (*(spool / queue for queue in QUEUES), root / "var/lib/postfix"):
        owned.mkdir(parents=True, exist_ok=True)
        os.chown(owned, POSTFIX, POSTFIX)
    (root / "var/log").mkdir(exist_ok=True)
    return ["/usr/lib/postfix/sbin/master", "-d"]
