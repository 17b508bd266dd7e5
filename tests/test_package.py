"""The package as a whole: imports, names, files, rules of the house."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys

from pathlib import Path

import pytest

import senderdomain
import senderdomain.resolvers

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "senderdomain"
MODULES = sorted(SOURCE.rglob("*.py"))

# Imports only go down this list.
RANKS = [
    ["_fork", "_lazy", "_value", "_version"],
    ["_dns", "_notices", "_reply"],
    ["_breaker", "_denials", "_ede", "_finding", "_names"],
    ["_domain", "_rdata"],
    ["_address", "_message"],
    ["_everyday", "_header", "_safeguards"],
    ["_wire"],
    ["_networks", "_race"],
    ["_targets"],
    ["_exchanges"],
    ["_lookup"],
    ["_flight"],
    ["_crowd", "_flights", "_remembered"],
    ["_segments"],
    ["_ask", "_cache", "_landing"],
    ["_canary", "_loop", "_policy"],
    ["_profile"],
    ["profiles"],
    ["_verdict", "presets"],
    ["_explain", "_reader", "_report", "_settings"],
    ["_warm"],
    ["_guard"],
    ["_core"],
    ["_many"],
    ["_loop_window"],
    ["resolvers"],
    ["_verifier"],
    ["_async_verifier"],
    ["testing"],
    ["__init__"],
    ["adapters", "pytest_plugin"],
    ["_cli"],
    ["__main__"],
]


def part(path):
    """Tell which part of the package a file belongs to."""
    relative = path.relative_to(SOURCE)
    return relative.parts[0].removesuffix(".py")


def imported(path):
    """Yield the parts of the package that a file imports, lazily or not."""
    package = list(path.relative_to(SOURCE).parts[:-1])
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in ast.walk(node):
                child._typing = True
        if (
            isinstance(node, ast.ImportFrom)
            and node.level
            and not hasattr(node, "_typing")
        ):
            base = package[: len(package) - node.level + 1]
            module = base + (node.module.split(".") if node.module else [])
            yield from [module[0]] if module else [alias.name for alias in node.names]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_only_go_down(path):
    """A reader can begin at the bottom and never look up."""
    rank = {name: n for n, names in enumerate(RANKS) for name in names}
    here = part(path)
    # The default resolver and the asynchronous twin are loaded when they are used.
    late = {("__init__", "_async_verifier")}
    for other in imported(path):
        if other not in (here, "") and (here, other) not in late:
            assert rank[other] < rank[here], f"{here} imports {other}"


def test_importing_opens_nothing_and_loads_little():
    """No socket, no file but modules, and none of the heavy packages."""
    script = """
import sys
seen = []
def audit(event, args):
    if event.startswith("socket") or event.startswith("subprocess"):
        seen.append(event)
    if event == "open" and not str(args[0]).endswith((".py", ".pyc")):
        seen.append(args[0])
sys.addaudithook(audit)
import senderdomain
for name in senderdomain.__all__:
    name.startswith("Async") or getattr(senderdomain, name)
loaded = {name.partition(".")[0] for name in sys.modules}
heavy = {"dns", "idna", "cachetools", "asyncio", "socket", "email", "aiosmtpd", "rich"}
print(seen, sorted(loaded & heavy))
"""
    run = [sys.executable, "-I", "-B", "-c", script]
    found = Path(senderdomain.__file__).parents[1]
    script_with_path = f"import sys; sys.path.insert(0, {str(found)!r})\n{script}"
    run[-1] = script_with_path
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout == "[] []\n"


def test_a_verdict_in_a_thread_loads_neither_asyncio_nor_dnspython():
    """Each takes longer than everything that is needed."""
    script = """
import sys
from senderdomain import DomainVerifier
from senderdomain.resolvers import StubResolver
print(DomainVerifier(StubResolver(["127.0.0.1:9"])).verify("a@d.example").outcome.name)
late = {"asyncio", "dns", "email", "encodings.idna", "idna", "senderdomain._profile"}
print(sorted(late & set(sys.modules)))
"""
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout == "TEMPFAIL\n[]\n"


@pytest.mark.parametrize("package", [senderdomain, senderdomain.resolvers])
def test_late_names_are_those_that_type_checkers_see(package):
    """The imports that are never run, and the table that is used instead."""
    tree = ast.parse(Path(package.__file__).read_text())
    seen, table = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module != "_lazy":
            seen |= {alias.name: node.module or "" for alias in node.names}
        if isinstance(node, ast.Dict):
            table = ast.literal_eval(node)
    seen.pop("__version__", None)
    assert seen == table
    assert set(package.__all__) - {"__version__"} == set(table)


def test_what_is_loaded_late_is_listed_early():
    """For who explores the package in a shell."""
    script = "import senderdomain; print(*dir(senderdomain))"
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert "AsyncDomainVerifier" in done.stdout.split()
    assert set(senderdomain.__all__) <= set(dir(senderdomain))


@pytest.mark.parametrize(
    "name",
    [
        "senderdomain",
        "senderdomain.resolvers",
        "senderdomain.testing",
        "senderdomain.presets",
    ],
)
def test_public_names_are_there(name):
    """What is announced exists, has a docstring, and is sorted."""
    module = importlib.import_module(name)
    assert module.__doc__
    for public in getattr(module, "__all__", []):
        found = getattr(module, public)
        if isinstance(found, type):
            assert found.__doc__


def test_an_unknown_name_is_an_attribute_error():
    """As for any module."""
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        senderdomain.Nonsense  # noqa: B018


def functions():
    """Yield every function of the package with its length."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                yield f"{path.stem}.{node.name}", lines


def test_functions_and_modules_are_short():
    """No function over 40 lines, no module over 300."""
    assert {name: lines for name, lines in functions() if lines > 40} == {}
    lengths = {path.name: len(path.read_text().splitlines()) for path in MODULES}
    lengths.pop("presets.py")
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_nothing_reads_the_wall_clock():
    """K1: a step of the clock must not look like an outage."""
    for path in MODULES:
        assert not re.search(r"time\.time\(|datetime", path.read_text()), path


def test_only_the_cache_knows_cachetools():
    """And only the parts that need it know dnspython."""
    for path in MODULES:
        text = path.read_text()
        if path.name != "_cache.py":
            assert "import cachetools" not in text
        if part(path) not in ("resolvers", "testing"):
            assert not re.search(r"^\s*(import|from) dns\b", text, re.MULTILINE)


def test_the_map_of_standards_is_complete():
    """Every RFC that the code cites is in docs/standards.md, and no other."""
    cited = {
        rfc
        for path in MODULES
        for rfc in re.findall(r"RFC[\s#]+(\d+)", path.read_text())
    }
    mapped = set(re.findall(r"RFC (\d+)", (ROOT / "docs" / "standards.md").read_text()))
    assert cited - mapped == set()


def test_the_map_of_standards_names_files_that_exist():
    """Modules and tests alike."""
    text = (ROOT / "docs" / "standards.md").read_text()
    for module in re.findall(r"`(\w[\w/]*\.py)`", text):
        places = (ROOT / module, SOURCE / module)
        assert any(place.exists() for place in places), module


def test_every_outcome_is_documented():
    """With its reasons."""
    text = (ROOT / "docs" / "outcomes.md").read_text()
    for kind in (
        senderdomain.Outcome,
        senderdomain.FailureReason,
        senderdomain.SyntaxFault,
        senderdomain.TargetFault,
    ):
        for member in kind:
            assert member.name in text or f"`{member.value}`" in text, member


def test_the_commands_of_the_readme_are_those_of_ci():
    """What a newcomer runs is what is known to work."""
    readme = (ROOT / "README.md").read_text()
    tests = next(line for line in readme.splitlines() if line.endswith("-m pytest"))
    assert tests in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize(
    ("path", "needle"), [("py.typed", None), ("_version.py", "0.1.0")]
)
def test_the_package_is_complete(path, needle):
    """Typed, and with a version."""
    file = SOURCE / path
    assert file.exists()
    assert needle is None or needle in file.read_text()
