"""
The users of the servers, as Debian's maintainer scripts would have added them.

Owns      /etc/passwd and /etc/group of a root.
Knows not what they run.
"""

from __future__ import annotations

from pathlib import Path

POSTFIX, SENDMAIL, EXIM = 101, 102, 103

MAIL, POSTDROP, SMMSP = 8, 111, 112

# `postmaster` is whom all mail is for: Sendmail wants to see a user, or an alias.
PASSWD = f"""
root:x:0:0::/root:/bin/sh
daemon:x:1:1::/:/bin/false
mail:x:8:{MAIL}::/var/mail:/bin/false
nobody:x:65534:65534::/:/bin/false
postfix:x:{POSTFIX}:{POSTFIX}::/var/spool/postfix:/bin/false
smmta:x:{SENDMAIL}:{SENDMAIL}::/var/lib/sendmail:/bin/false
smmsp:x:{SMMSP}:{SMMSP}::/var/lib/sendmail:/bin/false
Debian-exim:x:{EXIM}:{EXIM}::/var/spool/exim4:/bin/false
postmaster:x:200:{MAIL}::/tmp:/bin/false
"""

GROUP = f"""
root:x:0:
daemon:x:1:
mail:x:{MAIL}:
nogroup:x:65534:
postfix:x:{POSTFIX}:
postdrop:x:{POSTDROP}:
smmta:x:{SENDMAIL}:
smmsp:x:{SMMSP}:
Debian-exim:x:{EXIM}:
"""


def add_users(root: Path) -> None:
    """Write them."""
    (root / "etc/passwd").write_text(PASSWD.lstrip(), encoding="utf-8")
    (root / "etc/group").write_text(GROUP.lstrip(), encoding="utf-8")
