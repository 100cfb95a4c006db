"""Figures, one file per family: pure functions from the tables to a `matplotlib.figure.Figure`, or None."""
