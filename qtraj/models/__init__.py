"""The literature: one file a paper, each building processes from the floors below."""

from qtraj.models.registry import MODELS, Model, build_model, find_model

__all__ = ["MODELS", "Model", "build_model", "find_model"]
