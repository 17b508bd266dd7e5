"""
Exim with `verify = sender`.

Owns      its configuration, and what the maintainer scripts would have made.
Knows not what it is asked.
"""

from __future__ import annotations

import os

from dataclasses import dataclass
from pathlib import Path

from .users import EXIM

UPSTREAM = "0.0.0.0 ; 127.0.0.0/8 ; ::1"

# The macro ROUTER_DNSLOOKUP_IGNORE_TARGET_HOSTS of exim4-config.
DEBIAN = (
    "0.0.0.0 ; 127.0.0.0/8 ; 192.168.0.0/16 ; 172.16.0.0/12 ; 10.0.0.0/8"
    " ; 169.254.0.0/16 ; 255.255.255.255 ; ::/128 ; ::1/128 ; fc00::/7 ; fe80::/10"
    " ; 100::/64"
)


@dataclass(frozen=True)
class Flavour:
    """
    A way to configure it.

    Attributes:
        mail: What the access control list for MAIL has.
        rcpt: Likewise for RCPT.
        ignored: Addresses that are as good as none.
    """

    mail: str = ""
    rcpt: str = ""
    ignored: str = UPSTREAM


VERIFY = "require verify = sender"

FLAVOURS = {
    "exim": Flavour(mail=VERIFY),
    "exim-rcpt": Flavour(rcpt=VERIFY),
    "exim-debian": Flavour(mail=VERIFY, ignored=DEBIAN),
}

CONF = """
primary_hostname = mx.oracle.zz
domainlist local_domains = oracle.zz
acl_smtp_mail = check_mail
acl_smtp_rcpt = check_rcpt
log_file_path = /var/log/exim4/%slog
keep_environment =
# All senders come at once.
smtp_accept_max = 0
smtp_connect_backlog = 200
rfc1413_query_timeout = 0s

begin acl

check_mail:
  {mail}
  accept

check_rcpt:
  {rcpt}
  accept domains = +local_domains

begin routers

dnslookup:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp
  ignore_target_hosts = <; {ignored}
  no_more

local:
  driver = accept
  transport = nowhere

begin transports

remote_smtp:
  driver = smtp

nowhere:
  driver = appendfile
  file = /dev/null
  user = nobody
"""


def prepare(root: Path, flavour: str) -> list[str]:
    """Configure it in *root*; tell what to run there."""
    flavoured = FLAVOURS[flavour]
    conf = CONF.format(
        mail=flavoured.mail, rcpt=flavoured.rcpt, ignored=flavoured.ignored
    )
    (root / "etc/exim4/exim.conf").write_text(conf, encoding="utf-8")
    for name in ("var/log/exim4", "var/spool/exim4", "run/exim4"):
        (root / name).mkdir(parents=True, exist_ok=True)
        os.chown(root / name, EXIM, EXIM)
    return ["/usr/sbin/exim4", "-bdf", "-C", "/etc/exim4/exim.conf"]
