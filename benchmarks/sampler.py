"""
Where a program is, each time the processor clock of the kernel ticks.

Owns      samples of the stack, and what becomes of them: shares and a flame graph.
Knows not what the program does.

A sample costs nothing between two of them, unlike a tracer, which makes small
functions look expensive. Time in C belongs to the Python function that called it.
"""

from __future__ import annotations

import signal

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from types import FrameType

# Seconds of processor time between two samples; most kernels tick every 4 ms.
_INTERVAL = 0.001

# Pixels.
_WIDTH = 1200
_ROW = 17
_LETTER = 6.2
_NARROWEST = 0.4

Stack = tuple[str, ...]

_STYLE = (
    "text{font:11px monospace;fill:#1a1a1a}rect{stroke:#fff;stroke-width:.4}"
    ".head{fill:#808080}"
)
_COLOURS = {
    "senderdomain": "#e8a25c",
    "asyncio": "#9dbcd6",
    "selectors": "#9dbcd6",
    "benchmarks": "#c9c9c9",
}


class Samples:
    """
    The stacks that were seen, and how often.

    Attributes:
        seen: Stacks from the outermost function to the innermost.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self.seen: Counter[Stack] = Counter()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take samples of the main thread while inside."""
        signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def _take(self, _signal: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            stack.append(_name(frame))
            frame = frame.f_back
        self.seen[tuple(reversed(stack))] += 1

    def own(self) -> Counter[str]:
        """Count samples by the innermost function."""
        counted: Counter[str] = Counter()
        for stack, count in self.seen.items():
            counted[stack[-1]] += count
        return counted

    def below(self) -> Counter[str]:
        """Count samples by every function that they are somewhere below of."""
        counted: Counter[str] = Counter()
        for stack, count in self.seen.items():
            for name in set(stack):
                counted[name] += count
        return counted


def _name(frame: FrameType) -> str:
    module = frame.f_globals.get("__name__", "?")
    return f"{module}.{frame.f_code.co_qualname}"


def flame(seen: Counter[Stack], title: str) -> str:
    """Draw a flame graph: the outermost function below, wide what is often seen."""
    total = sum(seen.values()) or 1
    depth = max(map(len, seen), default=1)
    height = (depth + 2) * _ROW
    boxes = [
        _box(name, count, total, x, height - (level + 1) * _ROW)
        for level, name, count, x in _boxes(seen, total)
        if count * _WIDTH / total >= _NARROWEST
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}"',
            f'height="{height}" viewBox="0 0 {_WIDTH} {height}">',
            f"<style>{_STYLE}</style>",
            f'<text class="head" x="4" y="13">{escape(title)}, {total} samples</text>',
            *boxes,
            "</svg>",
            "",
        ]
    )


def _boxes(seen: Counter[Stack], total: int) -> Iterator[tuple[int, str, int, float]]:
    # Stacks in the order of the alphabet lie beside their like.
    counts: Counter[Stack] = Counter()
    for stack, count in seen.items():
        for length in range(1, len(stack) + 1):
            counts[stack[:length]] += count
    used: dict[Stack, float] = {}
    for prefix in sorted(counts):
        parent = prefix[:-1]
        x = used.get(parent, 0.0)
        width = counts[prefix] * _WIDTH / total
        used[parent] = x + width
        used[prefix] = x
        yield len(prefix) - 1, prefix[-1], counts[prefix], x


def _box(name: str, count: int, total: int, x: float, y: int) -> str:
    width = count * _WIDTH / total
    colour = _COLOURS.get(name.partition(".")[0], "#d9c9e0")
    letters = int(width / _LETTER)
    short = name.rpartition(".<locals>.")[2].removeprefix("senderdomain.")
    shown = short if len(short) <= letters else short[: max(0, letters - 1)]
    text = escape(shown) if letters > 2 else ""  # noqa: PLR2004 - else unreadable
    told = f"{escape(name)}: {100 * count / total:.1f} %"
    return (
        f'<g><title>{told}</title><rect x="{x:.1f}" y="{y}" width="{width:.1f}"'
        f' height="{_ROW - 1}" fill="{colour}"/>'
        f'<text x="{x + 2:.1f}" y="{y + 12}">{text}</text></g>'
    )


def save(samples: Samples, title: str, path: Path) -> None:
    """Draw what was seen into a file."""
    path.write_text(flame(samples.seen, title))
