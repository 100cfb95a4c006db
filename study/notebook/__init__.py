"""For a notebook: strategies compared on one model, and figures."""

from study.notebook import plot

__all__ = ["plot"]
