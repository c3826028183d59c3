"""Runs that outlast a machine: stored in a folder, resumed, extended, merged, and read with ordinary tools.

`start_run` draws a run into a new folder, `resume_run` goes on with one (and makes it longer), `merge_runs` puts two
together, `load_run` gives the `Ensemble`. See docs/stored_runs.md for the folder and its columns.

`start_sweep`, `resume_sweep`, `verify_sweep` and `load_sweep` do the same for sweeps, whose points are such runs; see
docs/sweeps.md.

pyarrow is imported by the functions that read or write tables, not by importing this package.
"""

from qtraj.storage.load import load_run
from qtraj.storage.merge import merge_runs
from qtraj.storage.resume import resume_run
from qtraj.storage.run_folder import RunFolder, is_run_folder
from qtraj.storage.start import start_run
from qtraj.storage.sweep_folder import SweepFolder, is_sweep_folder, load_sweep
from qtraj.storage.sweep_run import resume_sweep, start_sweep, verify_sweep

__all__ = [
    "RunFolder",
    "SweepFolder",
    "is_run_folder",
    "is_sweep_folder",
    "load_run",
    "load_sweep",
    "merge_runs",
    "resume_run",
    "resume_sweep",
    "start_run",
    "start_sweep",
    "verify_sweep",
]
