"""What every block of a run needs, sent to each worker process once and not with every block.

The function that draws a block carries the process and its tables: small ones take longer to pickle than the block to
draw, large ones would fill the pipes. So it is written to a file, once. A worker reads the file when it first meets the
run and keeps the function until another run comes; large arrays are mapped, so that all workers share their memory.
"""

from __future__ import annotations

import mmap
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from qtraj.errors import StorageError

__all__ = ["Payload", "written"]

MAPPED_BYTES: Final = 2**16
"""From this size on an array is mapped: sixteen pages. A smaller one is read faster than it is mapped."""

ALIGNMENT: Final = 64
"""Of mapped arrays, in bytes: a cache line, and what NumPy and compiled kernels like best."""

# The run this process works on. A worker has one at a time; keeping more would keep their tables.
_kept: dict[str, Callable[[Any], Any]] = {}


@dataclass(frozen=True, kw_only=True)
class Payload:
    """Where a function is written down; this travels to the workers in its place.

    Attributes:
        folder: Where its two files are; no two runs share one, so its name also says which run it is.
    """

    folder: str

    def load(self) -> Callable[[Any], Any]:
        """The function; read once in each process, its large arrays mapped and read-only."""
        if self.folder not in _kept:
            _kept.clear()
            places, pickled = pickle.loads((Path(self.folder) / "function").read_bytes())
            with (Path(self.folder) / "arrays").open("rb") as file:
                whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if places else b"")
            _kept[self.folder] = pickle.loads(pickled, buffers=[whole[start:end] for start, end in places])
        return _kept[self.folder]


@contextmanager
def written(function: Callable[[Any], Any]) -> Iterator[Payload]:
    """Write a function down for the workers of this machine, and remove the files at the end of the `with`.

    Args:
        function: Anything that joblib's workers can be sent, such as a local function.

    Raises:
        StorageError: If the files cannot be written.

    Example:
        >>> with written(abs) as payload:
        ...     payload.load()(-3)
        3
    """
    import cloudpickle  # only where there are processes

    # A worker may still have the arrays mapped when the run ends, which Windows holds against their removal.
    with TemporaryDirectory(prefix="qtraj-", ignore_cleanup_errors=True) as folder:
        large: list[pickle.PickleBuffer] = []

        def keep_in_line(buffer: pickle.PickleBuffer) -> bool:
            if buffer.raw().nbytes < MAPPED_BYTES:
                return True
            large.append(buffer)
            return False

        pickled = cloudpickle.dumps(function, protocol=5, buffer_callback=keep_in_line)
        try:
            places = list[tuple[int, int]]()
            with (Path(folder) / "arrays").open("wb") as file:
                for buffer in large:
                    file.write(bytes(-file.tell() % ALIGNMENT))
                    start = file.tell()
                    places.append((start, start + file.write(buffer.raw())))
            (Path(folder) / "function").write_bytes(pickle.dumps((places, pickled)))
        except OSError as error:
            raise StorageError(f"the tables of a run cannot be written for its workers: {error}") from error
        yield Payload(folder=folder)
