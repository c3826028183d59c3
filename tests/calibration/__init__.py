"""Whether the checks of a report keep what they promise: a hundred thousand right ensembles of every kind, judged.

    python -m tests.calibration --write

See docs/calibration.md, which this writes.
"""
