"""`python -m qtraj` is the command `qtraj`."""

from __future__ import annotations

import sys

from qtraj.cli import main

if __name__ == "__main__":
    sys.exit(main())
