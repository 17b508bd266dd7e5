"""How Sphinx builds these pages: ``sphinx-build -W -b html docs docs/_build/html``."""

import re
import sys

from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent.parent / "src"
sys.path.insert(0, str(SOURCE))

from senderdomain._version import __version__  # noqa: E402

project = "senderdomain"
author = "The senderdomain authors"
project_copyright = author
version = release = __version__

# No intersphinx: the pages are built without the network.
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# The report is a part of another page.
exclude_patterns = ["_build", "performance"]
source_suffix = {".md": "markdown"}

html_theme = "furo"
html_title = f"senderdomain {version}"

myst_heading_anchors = 3

# Docstrings write `Name` for what can be looked up.
default_role = "py:obj"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"


def _as_fields(
    _app: object,
    _what: str,
    name: str,
    _obj: object,
    _options: object,
    lines: list[str],
) -> None:
    # The pedigree of a preset is a list of fields: Source, Shown, Unsure, Differs.
    if name.startswith("senderdomain.presets."):
        lines[:] = [re.sub(r"^([A-Z][a-z]+): ", r":\1: ", line) for line in lines]


def setup(app: Any) -> None:  # noqa: ANN401
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", _as_fields)
