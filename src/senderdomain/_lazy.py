"""
Names of a package that load what they stand for when somebody asks (PEP 562).

Owns      looking them up.
Knows not which: each package lists its own. It imports nothing that takes time.
"""

from importlib import import_module

TYPE_CHECKING = False  # typing alone takes longer to load than this package may
if TYPE_CHECKING:
    from collections.abc import Callable


def lazily(
    package: str, modules: "dict[str, str]"
) -> "tuple[Callable[[str], object], Callable[[], list[str]]]":
    """
    Make ``__getattr__`` and ``__dir__`` for *package*.

    Args:
        package: Its ``__name__``.
        modules: For each public name, the module inside of it that has the name; a
            module is itself a name if it stands for "".
    """

    def find(name: str) -> object:
        """Load what *name* stands for, and keep it as an attribute."""
        if name not in modules:
            msg = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(msg)
        loaded = import_module(f"{package}.{modules[name] or name}")
        found = getattr(loaded, name) if modules[name] else loaded
        setattr(import_module(package), name, found)
        return found

    def listed() -> list[str]:
        """Tell all names, loaded or not."""
        return sorted({*vars(import_module(package)), *modules})

    return find, listed
