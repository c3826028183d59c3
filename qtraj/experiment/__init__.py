"""Experiment files: from TOML, or the name of a model, to a process.

Importing this package costs pydantic and NumPy; `import qtraj` and `qtraj --help` leave it alone.
"""

from qtraj.experiment.load import KINDS, Experiment, load_experiment
from qtraj.experiment.overrides import parse_setting
from qtraj.experiment.sweeps import Sweep, load_sweep_file

__all__ = ["KINDS", "Experiment", "Sweep", "load_experiment", "load_sweep_file", "parse_setting"]
