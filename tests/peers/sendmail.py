"""
Sendmail with its `check_mail`, as it comes, and with the feature `badmx`.

Owns      its configuration, and what the maintainer scripts would have made.
Knows not what it is asked.
"""

from __future__ import annotations

import subprocess

from pathlib import Path

FLAVOURS = {"sendmail": "", "sendmail-badmx": "FEATURE(`badmx')dnl"}
"""Name -> what it adds to the configuration that all of them have."""

# The load of the machine is no reason to keep anybody waiting.
UNLIMITED = 10_000

MC = f"""
divert(0)dnl
VERSIONID(`peers')dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `mx.oracle.zz')dnl
LOCAL_DOMAIN(`oracle.zz')dnl
define(`confTO_IDENT', `0s')dnl
define(`confQUEUE_LA', `{UNLIMITED}')dnl
define(`confREFUSE_LA', `{UNLIMITED}')dnl
define(`confDELAY_LA', `{UNLIMITED}')dnl
undefine(`ALIAS_FILE')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Name=MTA')dnl
%s
MAILER(`local')dnl
MAILER(`smtp')dnl
"""

CF = "/usr/share/sendmail/cf"

# Who has built it, and when, would take a shell to find out.
M4 = ("m4", "-D_NO_MAKEINFO_", f"-D_CF_DIR_={CF}/", f"{CF}/m4/cf.m4")


def prepare(root: Path, flavour: str) -> list[str]:
    """Configure it in *root*; tell what to run there."""
    etc = root / "etc/mail"
    etc.mkdir(exist_ok=True)
    (etc / "local-host-names").touch()
    (root / "var/spool/mqueue").mkdir(parents=True, exist_ok=True)
    with (etc / "sendmail.cf").open("wb") as made:
        subprocess.run(
            ["chroot", root, *M4, "-"],
            input=(MC % FLAVOURS[flavour]).encode(),
            stdout=made,
            check=True,
        )
    return ["/usr/libexec/sendmail/sendmail", "-bD"]
