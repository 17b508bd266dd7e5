"""The command line: verdicts, lists, mistakes, exit statuses."""

from __future__ import annotations

import builtins
import io
import json
import os
import pty
import subprocess
import sys
import threading

import pytest

from senderdomain import presets
from senderdomain._cli import _verdicts, main
from senderdomain._version import __version__

ZONE = """
mx.example.   60 MX 10 m.mx.example.
a.example.    A 192.0.2.1
null.example. MX 0 .
none.example. TXT x
alias.example. CNAME gone.example.
crowd.example. MX 1 a.
""" + "\n".join(f"crowd.example. MX {n} m{n}.example." for n in range(2, 20))


@pytest.fixture
def zone(tmp_path):
    """Write the zone to a file."""
    path = tmp_path / "zone"
    path.write_text(ZONE)
    return str(path)


def run(capsys, *arguments):
    """Run the command; give back status, output and errors."""
    try:
        status = main(arguments)
    except SystemExit as exit_:
        status = exit_.code
    out, err = capsys.readouterr()
    return status, out, err


VERDICTS = [
    ("a@mx.example", 0, "accept  MX                 250 a@mx.example... Sender ok\n"),
    (
        "a@gone.example",
        1,
        "reject  NXDOMAIN           501 a@gone.example... Sender domain must exist\n",
    ),
    ("<>", 0, "accept  NULL_REVERSE_PATH  250 <>... Sender ok\n"),
]


@pytest.mark.parametrize(("address", "status", "line"), VERDICTS)
def test_check_prints_a_line_and_exits_with_the_verdict(
    capsys, zone, address, status, line
):
    """0 accept, 1 reject."""
    assert run(capsys, "check", address, "--zone", zone) == (status, line, "")


def test_a_list_exits_with_the_worst(capsys, zone):
    """A rejection before a deferral before all accepted."""
    arguments = ("check", "--server", "127.0.0.1:1", "--deadline", "1")
    assert run(capsys, *arguments, "a@mx.example", "<>")[0] == 75
    assert run(capsys, *arguments, "a@mx.example", "<>", "a@@b")[0] == 1


def test_no_resolver_to_be_reached_is_a_451(capsys):
    """And EX_TEMPFAIL."""
    status, out, _ = run(capsys, "check", "a@mx.example", "--server", "127.0.0.1:1")
    assert status == 75
    assert "451 a@mx.example... Sender domain must resolve" in out


def test_json_has_all_fields(capsys, zone):
    """One object an address; docs/cli.md describes it."""
    status, out, _ = run(
        capsys, "check", "test@Null.example", "a@a.example", "--zone", zone, "--json"
    )
    assert status == 1
    null, implicit = map(json.loads, out.splitlines())
    elapsed = null.pop("elapsed_ms")
    assert isinstance(elapsed, float)
    assert null == {
        "address": "test@Null.example",
        "domain": "null.example",
        "outcome": "NULL_MX",
        "reason": None,
        "action": "reject",
        "reply": {
            "code": 550,
            "enhanced": "5.7.27",
            "lines": [
                "550 test@Null.example... Sender domain does not accept mail (null MX)"
            ],
        },
        "questions": ["null.example MX"],
        "ttl": 300,
        "cached": False,
        "preset": "default",
    }
    assert implicit["questions"] == ["a.example MX", "a.example A"]


def test_json_is_ascii_whatever_the_address(capsys, zone):
    """Octets that are not UTF-8 are escaped, others are themselves."""
    arguments = ("check", "--zone", zone, "--json")
    _, out, _ = run(
        capsys, *arguments, "ü@\udcff.example", "a@gone.example", "a@gone.example"
    )
    first, second, third = map(json.loads, out.splitlines())
    assert out.isascii()
    assert first["address"] == "ü@\\xff.example"
    assert (first["domain"], first["reason"]) == (None, "no_smtputf8")
    assert (second["cached"], third["cached"]) == (False, True)


def test_options_reach_the_verifier(capsys, zone):
    """Preset, enhanced codes, SMTPUTF8, underscores."""
    _, out, _ = run(
        capsys, "check", "a@gone.example", "--zone", zone, "--preset", "rfc"
    )
    assert (
        "550 5.1.8 <a@gone.example>: sender domain gone.example does not exist" in out
    )
    _, out, _ = run(capsys, "check", "a@gone.example", "--zone", zone, "--enhanced")
    assert "501 5.1.8 a@gone.example... Sender domain must exist" in out
    _, out, _ = run(capsys, "check", "ü@mx.example", "--zone", zone, "--smtputf8")
    assert "250 ?@mx.example... Sender ok" in out
    _, out, _ = run(capsys, "check", "a@_x.example", "--zone", zone, "--underscore")
    assert "NXDOMAIN" in out


def test_explain_tells_why(capsys, zone):
    """For the administrator who got the bounce."""
    arguments = ("check", "--zone", zone, "--explain")
    senders = ["mx", "a", "none", "gone", "alias", "crowd"]
    _, out, _ = run(
        capsys, *arguments, *(f"a@{name}.example" for name in senders), "a b@c"
    )
    assert "why       the name does not exist\n" in out
    assert "asked     mx.example MX: 10 m.mx.example. (TTL 60 s)\n" in out
    assert "asked     a.example A: 192.0.2.1 (TTL 300 s)\n" in out
    assert (
        "asked     none.example AAAA: the name has no such records (TTL 60 s)\n" in out
    )
    assert "asked     gone.example MX: no such name (TTL 60 s)\n" in out
    assert "asked     alias.example MX: its alias leads to no name (TTL 60 s)\n" in out
    assert "8 m8.example., ... (TTL 300 s)\n" in out
    assert "why       not a reverse-path (local_part)\n" in out
    assert "domain    -\n" in out
    _, out, _ = run(
        capsys, "check", "a@b.example", "--server", "127.0.0.1:1", "--explain"
    )
    assert "asked     b.example MX: resolver_down (ConnectionRefusedError)\n" in out


def test_explain_tells_what_was_remembered(capsys, zone, monkeypatch):
    """Nothing was asked then."""
    lines = b"a@mx.example\n" * 3
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    _, out, _ = run(capsys, "check", "-i", "-", "--zone", zone, "--explain")
    assert out.count("asked     nothing: the answer was remembered") == 2


def test_lists_are_read_line_by_line(capsys, zone, tmp_path, monkeypatch):
    """With and without brackets, any octets; an empty line is an empty path."""
    octets = (
        b"a@mx.example\r\n<b@gone.example>\n\n\xff@x\n"
        + b"x" * 10_000
        + b"\nlast@a.example"
    )
    path = tmp_path / "list"
    path.write_bytes(octets)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(octets)))
    status, out, _ = run(capsys, "check", "-i", str(path), "--zone", zone)
    assert status == 1
    assert [line.split()[1] for line in out.splitlines()] == [
        "MX",
        "NXDOMAIN",
        "NULL_REVERSE_PATH",
        "MALFORMED",
        "MALFORMED",
        "IMPLICIT_MX",
    ]
    status, again, _ = run(
        capsys, "check", "first@mx.example", "-i", "-", "--zone", zone
    )
    assert again.splitlines()[1:] == out.splitlines()
    _, unordered, _ = run(
        capsys, "check", "-i", str(path), "--zone", zone, "--unordered"
    )
    assert sorted(unordered.splitlines()) == sorted(out.splitlines())


def test_an_empty_list_is_accepted(capsys, zone, tmp_path):
    """There is nothing to reject in it."""
    path = tmp_path / "list"
    path.touch()
    assert run(capsys, "check", "-i", str(path), "--zone", zone) == (0, "", "")


def mistakes(tmp_path):
    """List what people get wrong, and what they are told."""
    broken = tmp_path / "broken"
    broken.write_text("example. MX")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    return [
        (["check"], 64, "nothing to check"),
        (
            ["check", "a@b", "--preset", "x"],
            64,
            "no preset 'x'; there are default, classic",
        ),
        (["check", "a@b", "--server", "nonsense"], 64, "not a DNS server: 'nonsense'"),
        (["check", "a@b", "--server", "1.2.3.4:x"], 64, "not a DNS server"),
        (["check", "a@b", "--zone", str(tmp_path / "none")], 64, "--zone: cannot read"),
        (["check", "a@b", "--zone", str(tmp_path)], 64, "Is a directory"),
        (["check", "a@b", "--zone", str(broken)], 64, "not a master file"),
        (["check", "a@b", "--zone", str(binary)], 64, "octet 0 is not UTF-8"),
        (["check", "a@b", "--zone", "x", "--server", "x"], 64, "exclude each other"),
        (
            ["check", "-i", str(tmp_path / "none"), "--server", "::1"],
            64,
            "No such file",
        ),
        (
            ["check", "a@b", "--server", "::1", "--deadline", "0"],
            64,
            "deadline must be",
        ),
        (["check", "a@b", "--server", "::1", "--deadline", "x"], 64, "invalid float"),
        (["check", "a@b", "--nonsense"], 64, "unrecognized arguments"),
        (["presets", "x"], 64, "no preset 'x'"),
        (["nonsense"], 64, "invalid choice"),
        ([], 64, "no command; there are check, demo, presets and record"),
        (["check", "a@b", "--json", "--explain"], 64, "exclude each other"),
    ]


@pytest.mark.parametrize("number", range(17))
def test_a_mistake_is_told_in_one_line(capsys, tmp_path, number):
    """On standard error, with EX_USAGE, without a traceback."""
    arguments, expected, message = mistakes(tmp_path)[number]
    status, out, err = run(capsys, *arguments)
    assert status == expected
    assert out == ""
    assert err.startswith("senderdomain")
    assert message in err
    assert err.count("\n") == 1


def test_a_system_without_a_resolver_is_a_matter_of_configuration(capsys, monkeypatch):
    """EX_CONFIG, and the cure."""

    def none(_):
        raise ValueError("the system's configuration names no DNS resolver")

    monkeypatch.setattr("senderdomain.resolvers.stub.system_servers", none)
    status, _, err = run(capsys, "check", "a@b.example")
    assert status == 78
    assert err == (
        "senderdomain: the system's configuration names no DNS resolver;"
        " name one with --server\n"
    )


def test_a_missing_extra_is_named(capsys, monkeypatch):
    """With the extra that has it."""
    real_import = builtins.__import__

    def no_aiosmtpd(name, *rest):
        if name.startswith("aiosmtpd"):
            raise ImportError(name=name)
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_aiosmtpd)
    status, _, err = run(capsys, "demo")
    assert status == 78
    assert err == (
        "senderdomain: aiosmtpd.smtp is not installed;"
        " install senderdomain with its extra 'demo'\n"
    )


def test_interrupts_and_closed_pipes_end_quietly(capsys, monkeypatch, zone, tmp_path):
    """As they do in other tools."""

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("senderdomain._cli._presets._run", interrupted)
    assert run(capsys, "presets") == (130, "", "")
    senders = tmp_path / "senders"
    senders.write_bytes(b"a@mx.example\n" * 20_000)
    command = [sys.executable, "-m", "senderdomain", "check", "-i", senders]
    with subprocess.Popen(
        [*command, "--zone", zone], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == VERDICTS[0][2].encode()
        process.stdout.close()  # as "| head -n 1" does
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    "redirection", [">&-", "<&-", "> /dev/full", "-i /proc/self/mem"]
)
def test_trouble_with_files_is_no_traceback(zone, redirection):
    """EX_IOERR, and a line if there is where to say it."""
    command = f"{sys.executable} -m senderdomain check a@mx.example --zone {zone}"
    done = subprocess.run(
        f"{command} {redirection}", shell=True, capture_output=True, check=False
    )
    assert done.returncode == 74
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("stream", ["stdin", "stdout"])
def test_a_stream_that_is_closed_is_a_matter_of_files(capsys, monkeypatch, stream):
    """The same in this process."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, stream, None)
        assert main(["presets"]) == 74


def test_a_list_that_cannot_be_read_is_told(capsys, zone, monkeypatch):
    """In a line."""

    def broken(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("senderdomain._cli._check._lines", broken)
    monkeypatch.setattr("senderdomain._cli._drop_output", lambda: None)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    status, _, err = run(capsys, "check", "-i", "-", "--zone", zone)
    assert (status, err) == (74, "senderdomain: [Errno 5] Input/output error\n")


def test_a_reader_that_has_had_enough_is_no_trouble(capfd, monkeypatch):
    """The output goes nowhere from then on."""

    def broken(_):
        raise BrokenPipeError

    monkeypatch.setattr("senderdomain._cli._presets._run", broken)
    kept = os.dup(1)
    assert main(["presets"]) == 0
    os.dup2(kept, 1)
    os.close(kept)


def test_presets_are_listed(capsys):
    """With a line for people."""
    status, out, _ = run(capsys, "presets")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == list(presets.PRESETS)


def test_a_preset_is_printed_as_a_table(capsys):
    """A line a cause, as sent, and whether it hangs up."""
    _, out, _ = run(capsys, "presets", "classic")
    assert (
        "NXDOMAIN           501 {arg}... Sender domain must exist  (then hangs up)\n"
        in out
    )
    assert len(out.splitlines()) == len(presets.CLASSIC.replies)


def test_the_version_is_told(capsys):
    """And nothing else."""
    assert run(capsys, "--version") == (0, f"{__version__}\n", "")


ARTICLE = """
  S: 220 mail.example.org Python SMTP 1.4.6
  C: helo client.example.net
  S: 250 mail.example.org
  C: mail from:test@DomainTest.com
  S: 501 test@DomainTest.com... Sender domain must exist
     (the server closes the connection)

  S: 220 mail.example.org Python SMTP 1.4.6
  C: helo client.example.net
  S: 250 mail.example.org
  C: mail from:test@Microsoft.com
  S: 250 test@Microsoft.com... Sender ok
"""


def test_the_demo_plays_the_article(capsys):
    """Word for word, and then what the article did not know."""
    status, out, _ = run(capsys, "demo")
    assert status == 0
    assert ARTICLE in out.replace(_banner(out), "Python SMTP 1.4.6")
    assert "a null MX:              550 test@null-mx.example... Sender domain" in out
    assert "only an address:        250 test@address.example... Sender ok" in out
    assert "a dead nameserver:      451 test@dead.example... Sender domain must" in out
    assert "the null reverse-path:  250 <>... Sender ok" in out
    assert out.endswith("As expected.\n")


def _banner(out):
    """Find the name and version that aiosmtpd gives itself."""
    line = next(line for line in out.splitlines() if "S: 220" in line)
    return line.removeprefix("  S: 220 mail.example.org ")


def test_the_demo_knows_when_it_fails(capsys, monkeypatch):
    """Otherwise it would show nothing."""
    monkeypatch.setattr("senderdomain._cli._demo._POLICY", presets.RFC)
    status, out, _ = run(capsys, "demo")
    assert status == 1
    assert out.endswith("NOT as expected.\n")


def in_terminal(arguments, *, stdin=b"", output_to_terminal=True):
    """Run the command with a terminal for its output or its errors."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "senderdomain", *arguments],
        stdin=subprocess.PIPE,
        stdout=theirs if output_to_terminal else subprocess.PIPE,
        stderr=subprocess.PIPE if output_to_terminal else theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    seen = []
    reader = threading.Thread(target=_read_all, args=(ours, seen))
    reader.start()
    out, _ = process.communicate(stdin, timeout=60)
    reader.join()
    os.close(ours)
    return process.returncode, out, b"".join(seen)


def _read_all(terminal, seen):
    while chunk := _read(terminal):
        seen.append(chunk)


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""


def test_on_a_terminal_there_are_colours(zone):
    """Green, yellow and red; the words are the same."""
    arguments = ["check", "a@mx.example", "a@gone.example", "--zone", zone]
    status, _, seen = in_terminal(arguments)
    assert status == 1
    assert b"\x1b[32m" in seen
    assert b"\x1b[31m" in seen
    assert b"501 a@gone.example... Sender domain must exist" in seen


def test_on_a_terminal_a_list_shows_its_progress(zone):
    """Unless the verdicts themselves go there."""
    arguments = ["check", "-i", "-", "--zone", zone]
    stdin = b"a@mx.example\n" * 50
    _, out, seen = in_terminal(arguments, stdin=stdin, output_to_terminal=False)
    assert out == VERDICTS[0][2].encode() * 50
    assert b"verifying" in seen


def test_with_rich_there_are_colours_and_progress(capsys, zone, monkeypatch):
    """The same in this process."""
    _verdicts._writer.cache_clear()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    _, out, _ = run(capsys, "check", "a@mx.example", "--zone", zone)
    assert "250 a@mx.example... Sender ok" in out
    _verdicts._writer.cache_clear()
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a@mx.example\n")))
    status, out, _ = run(capsys, "check", "-i", "-", "--zone", zone)
    assert (status, out) == (0, VERDICTS[0][2])
    _verdicts._writer.cache_clear()


def test_the_module_can_be_run(zone):
    """``python -m senderdomain``."""
    command = [sys.executable, "-m", "senderdomain", "check", "<>", "--zone", zone]
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""


@pytest.mark.parametrize("module", ["rich.console", "rich.text"])
def test_without_rich_there_are_words(capsys, zone, monkeypatch, module):
    """The extra is for colours and progress only."""
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    _verdicts._writer.cache_clear()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert run(capsys, "check", "a@mx.example", "--zone", zone)[0] == 0
    _verdicts._writer.cache_clear()
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a@mx.example\n")))
    assert run(capsys, "check", "-i", "-", "--zone", zone)[0] == 0


def test_all_presets_make_a_table(capsys, zone):
    """A row for each line that a server would send, under the address."""
    address = "<a@gone.example>"
    status, out, _ = run(capsys, "check", "--preset", "all", address, "--zone", zone)
    head, *rows = out.splitlines()
    assert (status, head) == (1, address)
    assert list(dict.fromkeys(row.split()[0] for row in rows)) == list(presets.PRESETS)
    row = next(row for row in rows if row.startswith("  postfix-550 "))
    said = "550 5.1.8 <a@gone.example>: Sender address rejected: Domain not found"
    assert row == f"  postfix-550     reject  NXDOMAIN           {said}"


def test_all_presets_make_json_lines(capsys, zone):
    """One object for each, with the stage at which a server says it."""
    arguments = ["check", "--preset", "all", "--json", "--stage", "rcpt"]
    _, out, _ = run(capsys, *arguments, "a@gone.example", "--zone", zone)
    objects = [json.loads(line) for line in out.splitlines()]
    assert [each["preset"] for each in objects] == list(presets.PRESETS)
    stages = {each["preset"]: each["reply"].get("stage") for each in objects}
    assert (stages["default"], stages["postfix"]) == (None, "rcpt")


RECEIVED = [
    (["--preset", "postfix", "a@own.example"], "250 2.1.0 Ok\n"),
    (["--preset", "default", "a@own.example"], "250 a@own.example... Sender ok\n"),
    (
        ["--preset", "sendmail", "--stage", "rcpt", "--rcpt", "b@c", "a@gone.example"],
        "553 5.1.8 <b@c>... Domain of sender address a@gone.example does not exist  (",
    ),
    (["--preset", "exim", "a@a.example", "--local-address", "192.0.2.1"], "451 "),
    (["--stage", "rcpt", "a@gone.example"], "550 a@gone.example... Sender domain must"),
    (["--depth", "exchanges", "a@mx.example"], "550 a@mx.example... Sender domain has"),
    (
        ["--depth", "routable", "a@a.example", "--local-address", "192.0.2.1"],
        "250 a@a.example... Sender ok\n",
    ),
    (["--depth", "ROUTABLE", "a@a.example"], "550 "),
    (["--depth", "routable", "a@a.example", "--local-host", "a.example"], "250 "),
    (["--preset", "courier", "a@a.example"], "250 Ok."),
    (["--preset", "qpsmtpd", "a@a.example"], "250 "),
    (["--depth", "routable", "a@a.example", "--allow", "192.0.2.0/24"], "250 "),
    (["--depth", "exchanges", "a@a.example", "--deny", "192.0.2.1"], "550 "),
    (["--preset", "postfix", "--enhanced", "a@gone.example"], "450 4.1.8 "),
]


@pytest.mark.parametrize(("arguments", "reply"), RECEIVED)
def test_the_receiving_host_can_be_told(capsys, zone, arguments, reply):
    """Its domains and addresses, and where it checks the sender."""
    own = ["--local-domain", "own.example"]
    _, out, err = run(capsys, "check", *own, *arguments, "--zone", zone)
    assert err == ""
    assert out.partition("  ")[2].split("  ", 1)[1].lstrip().startswith(reply)


RECEIVER_MISTAKES = [
    (["--preset", "all", "--explain"], "--explain is for one preset"),
    (["--preset", "postfix", "--local-domain", "x y"], "not a domain name"),
    (["--preset", "default", "--local-domain", "x y"], "not a domain name"),
    (["--preset", "postfix", "--local-address", "x"], "IPv4"),
    (["--depth", "exchanges", "--deny", "-x"], "unrecognized|expected one argument"),
    (["--depth", "exchanges", "--deny", "a b"], "neither a domain nor a network"),
    (["--any-bad"], "take Depth.EXCHANGES"),
    (["--preset", "exim", "--depth", "routable"], "exim knows for itself"),
    (["--preset", "default", "--local-address", "x"], "IPv4"),
]


@pytest.mark.parametrize(("arguments", "message"), RECEIVER_MISTAKES)
def test_a_receiver_that_cannot_be_is_a_mistake(capsys, zone, arguments, message):
    """One line, exit status 64."""
    status, _, err = run(capsys, "check", "a@b.c", *arguments, "--zone", zone)
    assert status == 64
    assert any(part in err for part in message.split("|"))


def test_the_pedigree_of_a_server_is_told(capsys):
    """After its replies."""
    _, out, _ = run(capsys, "presets", "postfix")
    assert presets.POSTFIX.pedigree in out
