"""How much memory there is, and the one way a computation that would not fit is refused before it begins.

Whoever is about to allocate much says how much first. Without that, a run too large for its machine is killed by the
system after an hour, without a word.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from qtraj.errors import InvalidInput, TooLarge

__all__ = ["LIMIT_VARIABLE", "available_memory", "in_bytes", "in_words", "memory_limit", "require_memory"]

LIMIT_VARIABLE = "QTRAJ_MEMORY_LIMIT"
"""Environment variable that sets the limit by hand, such as `8 GB`."""

# Estimates are good to a factor of two, but what they leave out (the interpreter, other programs that grow meanwhile)
# is not theirs to know: a fifth stays free.
SAFE_SHARE = 0.8

# Control groups write "no limit" as a number near 2^63.
NO_LIMIT = 2**60

# Where nobody says how much there is, the number that every machine of the last ten years has.
UNKNOWN_MACHINE = 4 * 10**9

_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?)\s*([kmgt]?b)?\s*", re.IGNORECASE)


def in_words(size: float) -> str:
    """A number of bytes for people.

    Example:
        >>> in_words(3.21e9), in_words(1.7e6)
        ('3.2 GB', '1.7 MB')
    """
    for unit in ("TB", "GB", "MB", "kB"):
        scale = _UNITS[unit.lower()]
        if size >= scale:
            return f"{size / scale:.3g} {unit}" if size >= 10 * scale else f"{size / scale:.1f} {unit}"
    return f"{size:.0f} bytes"


def in_bytes(size: str) -> float:
    """The number of bytes that a text such as `8 GB` says; a bare number is bytes.

    Raises:
        InvalidInput: If it says none.

    Example:
        >>> in_bytes("1.5 GB")
        1500000000.0
    """
    found = _SIZE.fullmatch(size)
    if found is None or not 0 < float(found[1]) < float("inf"):
        raise InvalidInput(f"a size must be a positive number of bytes or of kB, MB, GB, TB, but is {size!r:.40}")
    return float(found[1]) * _UNITS[(found[2] or "b").lower()]


def memory_limit() -> float:
    """How many bytes a single computation may take: 80 % of what is available now, or `QTRAJ_MEMORY_LIMIT`."""
    own = os.environ.get(LIMIT_VARIABLE)
    if own is None:
        return SAFE_SHARE * available_memory()
    try:
        return in_bytes(own)
    except InvalidInput as error:
        raise InvalidInput(f"{LIMIT_VARIABLE}: {error}") from None


def available_memory() -> float:
    """Bytes that can be allocated now without swapping, by the machine's account and by that of the control groups."""
    return min([_of_the_machine(), *_of_the_groups()])


def require_memory(needed: float, *, what: str, suggestion: str) -> None:
    """Refuse what would not fit.

    Args:
        needed: Estimated peak in bytes.
        what: What needs it, as the subject of a sentence.
        suggestion: What would fit instead.

    Raises:
        TooLarge: With the estimate, the limit and the suggestion, if the estimate exceeds the limit.

    Example:
        >>> require_memory(1e18, what="the exact law", suggestion="use fewer spins")
        Traceback (most recent call last):
            ...
        qtraj.errors.TooLarge: the exact law needs about 1e+06 TB of memory, but ...
    """
    limit = memory_limit()
    if needed > limit:
        by_hand = LIMIT_VARIABLE in os.environ
        source = f"{LIMIT_VARIABLE} allows" if by_hand else f"{SAFE_SHARE:.0%} of what is free are"
        raise TooLarge(
            f"{what} needs about {in_words(needed)} of memory, but {source} {in_words(limit)}; {suggestion}",
            measured=needed,
        )


def _of_the_machine() -> float:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        pass
    try:
        # All there is rather than what is free: macOS, for one, does not tell.
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return float(UNKNOWN_MACHINE)


def _of_the_groups(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> list[float]:
    """What the control groups of this process, of either version, leave to it."""
    try:
        entries = [line.split(":", 2) for line in own.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return []
    left = []
    for _, controllers, path in (entry for entry in entries if len(entry) == 3):
        if controllers == "":
            top, names = root, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        folder = top / path.strip("/")
        # A limit on a group binds all groups inside it.
        for place in (folder, *folder.parents):
            left += _left_in(place, *names)
            if place == top:
                break
    return left


def _left_in(folder: Path, limit: str, usage: str, reclaimable: str) -> list[float]:
    try:
        allowed, used = int((folder / limit).read_text()), int((folder / usage).read_text())
        rows = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
        cached = next((int(row[1]) for row in rows if row[0] == reclaimable), 0)
    except (OSError, ValueError):  # not there, or "max"
        return []
    return [] if allowed > NO_LIMIT else [float(max(0, allowed - used + cached))]
