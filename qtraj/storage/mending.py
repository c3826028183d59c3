"""Tables of the law that were lost or damaged, made again.

They follow from the experiment. But a law computed on another machine may differ in its last bits, and a run must go on
with the very numbers it was begun with: so what is computed again is kept only if its checksum is that of the manifest.
"""

from __future__ import annotations

from qtraj.blas import one_blas_thread
from qtraj.errors import NoFiniteLaw, StorageError
from qtraj.paths.exact_law import law_if_finite
from qtraj.processes.seam import MeasurementProtocol
from qtraj.storage.checksum import checksum
from qtraj.storage.files import read_whole
from qtraj.storage.run_folder import RunFolder, table_name
from qtraj.storage.tables import encode_tables

__all__ = ["mend_tables"]


def mend_tables(folder: RunFolder) -> tuple[str, ...]:
    """Make damaged tables of a run again; the caller holds the lock.

    Returns:
        What was wrong, a sentence each.

    Raises:
        StorageError: If a table cannot be made again as it was, or not be written.
    """
    lost = [
        (table_name(name, expected), name, expected)
        for part in folder.manifest.parts
        for name, expected in part.tables.items()
        if not _sound(folder, table_name(name, expected), expected)
    ]
    if not lost:
        return ()
    process, sampler = folder.experiment.process, folder.manifest.sampler
    law = law_if_finite(process, protocol=MeasurementProtocol.parse(folder.manifest.protocol))
    with one_blas_thread():
        fresh = {} if isinstance(law, NoFiniteLaw) else encode_tables(process, law, sampler)
    for place, name, expected in lost:
        if name not in fresh or checksum(fresh[name]) != expected:
            raise StorageError(
                f"`{folder.path / place}` is damaged, and this machine would compute other last digits; put the file "
                "back from a copy, or draw the run afresh in a new folder"
            )
        folder.keep(place, fresh[name])
    return tuple(f"`{folder.path / place}` was missing or damaged" for place, _, _ in lost)


def _sound(folder: RunFolder, place: str, expected: str) -> bool:
    try:
        return checksum(read_whole(folder.path / place)) == expected
    except StorageError:
        return False
