"""
Break the core in small ways, one at a time, and see whether the tests notice.

    python -m tests.mutation [--minutes N] [--processes N] [MODULE ...]

Owns      how a module is broken, which tests have to notice, and the score.
Knows not what the modules do.

The module is never written to: the broken one is imported in its place, in a process
of its own. What survives is printed; some of it is as good as the original.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import time

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "senderdomain"
PATIENCE = 60  # seconds, after which a mutant is taken for one that hangs

CACHE = [
    "test_defaults.py",
    "test_cache.py",
    "hostile/test_cache_model.py",
    "hostile/test_time.py",
]
REPLY = ["test_reply.py", "test_defaults.py", "test_policy.py", "test_presets.py"]
TESTS = {
    "_lookup": ["test_lookup.py", "test_depths.py"],
    "_reply": [*REPLY, "test_verifier.py"],
    "_remembered": CACHE,
    "_segments": [
        *CACHE,
        "hostile/test_floods.py::test_a_failure_pushes_out_nothing_that_was_found",
    ],
    "_cache": [*CACHE, "test_verifier.py"],
    "_flight": [
        "test_flight.py",
        "hostile/test_interleavings.py",
        "test_depths.py",
        "test_verifier.py",
        "test_profiles.py",
    ],
    "_finding": ["test_lookup.py", "test_cache.py", "test_verifier.py"],
    "_policy": [*REPLY, "test_verifier.py"],
    "_core": ["test_verifier.py", "test_package.py", "test_profiles.py"],
}

SWAPS: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


def skipped(tree: ast.AST) -> set[int]:
    """Find what is for people and type checkers only."""
    found: set[int] = set()
    for node in ast.walk(tree):
        idle = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            name = node.target.id if isinstance(node.target, ast.Name) else ""
            if "TypeAlias" in ast.dump(node.annotation) or name == "Answer":
                idle.append(node)
        if isinstance(node, ast.Assert):  # it tells the type checker something
            idle.append(node)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            idle.append(node)
        if isinstance(node, ast.ClassDef) and any(
            "Protocol" in ast.dump(base) for base in node.bases
        ):
            idle.append(node)
        if isinstance(node, ast.Call) and "TypeVar" in ast.dump(node.func):
            idle.append(node)
        for each in filter(None, idle):
            found |= {id(child) for child in ast.walk(each)}
    return found


def broken(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what *node* could be instead, and how that is called."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "without not", node.operand
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield f"{node.value} flipped", ast.Constant(not node.value)
        elif isinstance(node.value, int | float):
            yield f"{node.value} + 1", ast.Constant(node.value + 1)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.expr):
        if ast.dump(node.value) != ast.dump(ast.Constant(None)):
            yield "return None", ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Delete | ast.Break) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield "nothing done", ast.Pass()
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        if isinstance(node.test, ast.Name | ast.Attribute | ast.Call):
            other = copy.copy(node)
            other.test = ast.UnaryOp(ast.Not(), node.test)
            yield "condition turned", other
    else:
        yield from swapped(node)


def swapped(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield *node* with another operator."""
    if isinstance(node, ast.Compare):
        operator = node.ops[0]
    elif isinstance(node, ast.BoolOp | ast.BinOp | ast.AugAssign):
        operator = node.op
    else:
        return
    instead = SWAPS.get(type(operator))
    if instead is not None:
        other = copy.deepcopy(node)
        if isinstance(other, ast.Compare):
            other.ops[0] = instead()
        else:
            other.op = instead()
        yield f"{type(operator).__name__} -> {instead.__name__}", other


class Replace(ast.NodeTransformer):
    """Puts another node in the place of one."""

    def __init__(self, place: int, other: ast.AST) -> None:
        """See the class."""
        self.place, self.other = place, other

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace, or go on."""
        if getattr(node, "_place", None) == self.place:
            return ast.copy_location(self.other, node)
        return self.generic_visit(node)


def mutants(path: Path) -> Iterator[tuple[str, str]]:
    """Yield a name for each mutant of a module, and its source."""
    tree = ast.parse(path.read_text())
    idle = skipped(tree)
    nodes = [node for node in ast.walk(tree) if id(node) not in idle]
    for number, node in enumerate(nodes):
        node._place = number  # type: ignore[attr-defined]
    for node in nodes:
        for how, other in broken(node):
            place = node._place  # type: ignore[attr-defined]
            made = Replace(place, other).visit(copy.deepcopy(tree))
            line = path.read_text().splitlines()[node.lineno - 1].strip()
            name = f"{path.stem}:{node.lineno}: {how}: {line}"
            yield name, ast.unparse(ast.fix_missing_locations(made))


class Instead(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Imports a source text in the place of a module."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        """See the class."""
        self.name, self.path, self.source = name, path, source

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        """Answer for the one module."""
        if name != self.name:
            return None
        return importlib.util.spec_from_loader(name, self, origin=str(self.path))

    def get_filename(self, fullname: str) -> str:
        """Tell where it would be, under a name that nobody has compiled."""
        return str(self.path.with_suffix(".mutant.py"))

    def get_data(self, path: str) -> bytes:
        """Give the source."""
        return self.source.encode()


def survives(module: str, source: str | None) -> bool:
    """Run the tests in this process, which ends afterwards."""
    if source is not None:
        path = SOURCE / f"{module}.py"
        sys.meta_path.insert(0, Instead(f"senderdomain.{module}", path, source))
    import pytest

    # pytest would rewrite the assertions of the very package, and so import it itself.
    quiet = [
        "--assert=plain",
        "-x",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        "--tb=no",
    ]
    return pytest.main([*quiet, *(f"tests/{name}" for name in TESTS[module])]) == 0


def start(module: str, source: str | None) -> int:
    """Begin to test a mutant; return the process."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        code = 0 if survives(module, source) else 1
    finally:
        os._exit(code)


def ended(running: dict[int, tuple[str, float]]) -> Iterator[tuple[str, bool]]:
    """Yield the mutants that are done, and whether they survived."""
    for child, (name, since) in list(running.items()):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            del running[child]
            yield name, os.waitstatus_to_exitcode(status) == 0
        elif time.monotonic() > since + PATIENCE:
            os.killpg(child, signal.SIGKILL)


def run(
    work: list[tuple[str, str, str]], processes: int, end: float
) -> Iterator[tuple[str, bool]]:
    """Test mutants, some at the same time, until *end*."""
    running: dict[int, tuple[str, float]] = {}
    while running or (work and time.monotonic() < end):
        while work and len(running) < processes and time.monotonic() < end:
            module, name, source = work.pop()
            running[start(module, source)] = name, time.monotonic()
        yield from ended(running)
        time.sleep(0.02)


def main() -> int:
    """Break what is asked for, and print what nobody noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"{[*TESTS]}")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    import hypothesis  # noqa: F401 - loaded once for all
    import pytest  # noqa: F401

    modules = given.modules or [*TESTS]
    for module in modules:
        _, status = os.waitpid(start(module, None), 0)
        if status:
            print(f"{module}: the tests fail without a mutant")
            return 1
    work = [
        (module, name, source)
        for module in modules
        for name, source in mutants(SOURCE / f"{module}.py")
    ]
    random.Random(6).shuffle(work)
    total, end = len(work), time.monotonic() + 60 * given.minutes
    score = {module: [0, 0] for module in modules}
    for name, survived in run(work, given.processes, end):
        counts = score[name.partition(":")[0]]
        counts[0] += not survived
        counts[1] += 1
        if survived:
            print(f"survived  {name}", flush=True)
    for module, (killed, tried) in score.items():
        print(
            f"{module:12} {killed:4} of {tried:4} noticed, {killed / max(1, tried):.1%}"
        )
    killed, tried = (sum(column) for column in zip(*score.values(), strict=True))
    print(
        f"{killed} of {tried} noticed, {killed / tried:.1%}; {total - tried} not tried"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
