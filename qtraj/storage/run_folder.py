"""The layout of a run folder, and its manifest in use.

- `DIR/manifest.json`: what the run is; written first, so that a folder without one holds no run;
- `DIR/paths/*.parquet`: one file a finished block, and nothing else: other tools read the folder as one table;
- `DIR/tables/*.parquet`: the exact law that the paths are drawn from;
- `DIR/matrices/*.npy`: copies of the experiment's matrix files;
- `DIR/unfinished/`: where files are written before they get their names;
- `DIR/lock`: who is writing, while somebody is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from qtraj.atomic import in_words
from qtraj.errors import StorageError
from qtraj.experiment.load import Experiment, build_experiment
from qtraj.processes.seam import Endpoints, MeasurementProtocol
from qtraj.storage.checksum import SHORT, checksum
from qtraj.storage.document import MATRICES, check_matrices
from qtraj.storage.files import read_whole
from qtraj.storage.folders import MANIFEST, UNFINISHED, clear_folder, has_manifest, keep_file, new_folder
from qtraj.storage.lock import FolderLock
from qtraj.storage.manifest import Manifest, read_manifest, write_manifest
from qtraj.storage.plan import Part

__all__ = [
    "PATHS",
    "RunFolder",
    "is_run_folder",
    "keep_tables",
    "table_name",
]

PATHS: Final = "paths"
TABLES: Final = "tables"


def is_run_folder(path: str | os.PathLike[str]) -> bool:
    """Whether there is a run folder of that name, readable or not.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     is_run_folder(folder)
        False
    """
    return has_manifest(path)


@dataclass(frozen=True, kw_only=True, eq=False)
class RunFolder:
    """A folder and the manifest that was in it when it was opened.

    Attributes:
        path: The folder.
        manifest: What it holds.
    """

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Read the manifest of a folder.

        Raises:
            StorageError: If there is none, or it cannot be read.
            InvalidInput: If something in it is wrong.
        """
        folder = Path(path)
        try:
            os.stat(folder)
            if not folder.is_dir():
                raise StorageError(f"`{folder}` must be a run folder, but is a file")
            if not (folder / MANIFEST).exists():
                raise StorageError(
                    f"`{folder}` must be a run folder, but has no {MANIFEST}; if a run was interrupted before it "
                    "began, start it again"
                )
        except OSError as error:
            raise StorageError(f"`{folder}` must be a run folder, but: {in_words(error)}") from error
        except ValueError as error:  # a NUL in the name
            raise StorageError(f"{str(path)!r} must be a run folder, but: {error}") from error
        return cls(path=folder, manifest=read_manifest(folder / MANIFEST))

    @staticmethod
    def new(path: Path) -> AbstractContextManager[FolderLock]:
        """Make the folder of a run, and hold its lock; nothing stays of it if no run begins there.

        Raises:
            StorageError: If it holds anything else, cannot be made, or is being written by somebody else.
        """
        return new_folder(path, content=PATHS, others=(TABLES, MATRICES, UNFINISHED))

    @property
    def paths(self) -> Path:
        """Folder of the finished blocks."""
        return self.path / PATHS

    @property
    def unfinished(self) -> Path:
        """Folder of files that have no name yet."""
        return self.path / UNFINISHED

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment, built from what the folder keeps.

        Raises:
            StorageError: If a matrix file is damaged.
            InvalidInput: If the document is wrong.
        """
        check_matrices(self.manifest.experiment, self.path)
        return build_experiment(self.manifest.name, self.manifest.experiment, self.path)

    @cached_property
    def endpoints(self) -> Endpoints:
        """What is measured at both ends."""
        return self.experiment.process.endpoints(MeasurementProtocol.parse(self.manifest.protocol))

    def tables(self, part: Part) -> dict[str, bytes]:
        """The tables that the blocks of a part are drawn from, by name, compared with their checksums.

        Raises:
            StorageError: If one is damaged.
        """
        found = {}
        for name, expected in part.tables.items():
            path = self.path / table_name(name, expected)
            found[name] = read_whole(path)
            if checksum(found[name]) != expected:
                raise StorageError(
                    f"`{path}` is damaged: its checksum does not fit the manifest; "
                    f"`qtraj resume {self.path}` makes it again"
                )
        return found

    def keep(self, name: str, data: bytes) -> None:
        """Write a file of the run, whole or not at all.

        Raises:
            StorageError: If the operating system refuses.
        """
        keep_file(self.path, name, data)

    def with_manifest(self, manifest: Manifest) -> RunFolder:
        """The folder with another manifest, which is written."""
        write_manifest(self.path / MANIFEST, manifest, by_way_of=self.unfinished)
        return replace(self, manifest=manifest)

    def clear_unfinished(self) -> None:
        """Remove what interrupted processes have left. Only who holds the lock may do that."""
        clear_folder(self.unfinished)


def table_name(name: str, digest: str) -> str:
    """Where a table is kept, inside the folder."""
    return f"{TABLES}/{name}-{digest[:SHORT]}.parquet"


def keep_tables(folder: Path, tables: Mapping[str, bytes]) -> dict[str, str]:
    """Write tables; their checksums, by name, are what `Part.tables` holds."""
    digests = {name: checksum(data) for name, data in tables.items()}
    for name, data in tables.items():
        keep_file(folder, table_name(name, digests[name]), data)
    return digests
