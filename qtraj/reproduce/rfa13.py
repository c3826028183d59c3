"""Figures and tables of [RFA13]: currents against dephasing, the heat of decoherence, reciprocal relations."""

from __future__ import annotations

from qtraj.reproduce import rfa13_junction, rfa13_qubit, rfa13_reciprocity
from qtraj.reproduce.entry import Reproduction

__all__ = ["REPRODUCTIONS"]

REPRODUCTIONS: tuple[Reproduction, ...] = (rfa13_junction.ENTRY, rfa13_qubit.ENTRY, rfa13_reciprocity.ENTRY)
