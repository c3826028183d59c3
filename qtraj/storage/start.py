"""Start a run in a folder of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from qtraj.blas import one_blas_thread
from qtraj.errors import NoFiniteLaw, NotRecorded, UnknownName
from qtraj.experiment.load import Experiment
from qtraj.paths.blocks import check_paths, check_seed
from qtraj.paths.exact_law import law_if_finite
from qtraj.paths.parallel import check_jobs
from qtraj.paths.progress import Progress
from qtraj.paths.sample import DEFAULT_SEED, SAMPLERS, default_paths
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from qtraj.storage.checked_json import FORMAT, FORMAT_VERSION
from qtraj.storage.document import complete_document
from qtraj.storage.environment import environment
from qtraj.storage.folders import keep_file
from qtraj.storage.manifest import Manifest, column_notes
from qtraj.storage.plan import Part, all_blocks, block_plan, check_range
from qtraj.storage.resume import Completion, complete
from qtraj.storage.run_folder import RunFolder, keep_tables
from qtraj.storage.tables import class_columns, encode_tables

__all__ = ["start_run"]


def start_run(
    experiment: Experiment,
    path: str | os.PathLike[str],
    *,
    paths: int | float | None = None,
    seed: int = DEFAULT_SEED,
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
    sampler: str | None = None,
    keep_records: bool = False,
    blocks: str | None = None,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> Completion:
    """Draw a run into a new folder, block by block; memory does not grow with the number of paths.

    Whatever ends this early, `resume_run` goes on from the last finished block.

    Args:
        experiment: From `load_experiment`.
        path: The folder, new or empty.
        paths: Number of paths, 1 to 1e15; by default 1e6, followed ones 1e5.
        seed: Whole number from 0 to 2^128 - 1.
        protocol: As in `sample`.
        sampler: As in `sample`.
        keep_records: Keep the times and kinds of all jumps of followed trajectories, as list columns.
        blocks: Draw only these blocks of the run, `first:end`; to be merged with the others later.
        n_jobs: Workers, as in `sample`; the result does not depend on them.
        backend: joblib backend, as in `sample`.
        progress: Told about finished blocks.

    Returns:
        What was done.

    Raises:
        InvalidInput: If an argument is out of range; `NoFiniteLaw` if counts or explicit paths are asked for and there
            is no law to draw from.
        StorageError: If the folder is not empty, or cannot be written.

    Example:
        >>> import tempfile
        >>> from qtraj.experiment import load_experiment
        >>> from qtraj.storage.load import load_run
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     done = start_run(load_experiment("two-qubit-exchange"), folder, paths=1e12, seed=7)
        ...     done.drawn, load_run(folder).paths
        (2, 1000000000000)
    """
    seed, chosen = check_seed(seed), MeasurementProtocol.parse(protocol)
    number = None if paths is None else check_paths(paths)
    if sampler is not None and sampler not in SAMPLERS:
        raise UnknownName("sampler", sampler, SAMPLERS)
    if keep_records and not (isinstance(experiment.process, JumpProcess) and sampler in (None, "followed")):
        raise NotRecorded("`keep_records` needs followed trajectories of a jump process")
    check_jobs(n_jobs)
    folder = Path(path)
    with RunFolder.new(folder) as lock:
        run = _begin(
            experiment,
            folder,
            paths=number,
            seed=seed,
            protocol=chosen,
            sampler=sampler,
            keep_records=keep_records,
            blocks=blocks,
            n_jobs=n_jobs,
        )
        return complete(run, lock, n_jobs=n_jobs, backend=backend, progress=progress)


def _begin(
    experiment: Experiment,
    folder: Path,
    *,
    paths: int | None,
    seed: int,
    protocol: MeasurementProtocol,
    sampler: str | None,
    keep_records: bool,
    blocks: str | None,
    n_jobs: int,
) -> RunFolder:
    """Write everything but the paths; the manifest comes last, and with it the run exists."""
    law = law_if_finite(experiment.process, protocol=protocol, n_jobs=n_jobs)
    if sampler is None:
        sampler = "followed" if keep_records or isinstance(law, NoFiniteLaw) else "counts"
    if isinstance(law, NoFiniteLaw) and sampler != "followed":
        raise NoFiniteLaw(f"the {sampler} sampler needs a finite law, but {law}", measured=law.measured) from law
    number = default_paths(sampler) if paths is None else paths
    ranges = [[0, len(all_blocks(sampler, number))]] if blocks is None else check_range(blocks, sampler, number)
    document = complete_document(experiment, lambda name, data: keep_file(folder, name, data))
    tables, names = dict[str, str](), ["jumps", "sigma", "sigma_d", "xi", "heat"]
    if not isinstance(law, NoFiniteLaw):
        with one_blas_thread():
            tables = keep_tables(folder, encode_tables(experiment.process, law, sampler))
        names = ["class", *class_columns(law), *(["counts"] if sampler == "counts" else [])]
    manifest = Manifest(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        name=experiment.name,
        experiment=document,
        protocol=protocol.value,
        sampler=sampler,
        records=keep_records,
        block_plan=block_plan(sampler),
        parts=[Part(seed=seed, paths=number, blocks=ranges, tables=tables, drawn_with=[environment(sampler)])],
        columns=column_notes([*names, *(["col_times", "col_which"] if keep_records else [])]),
    )
    return RunFolder(path=folder, manifest=manifest).with_manifest(manifest)
