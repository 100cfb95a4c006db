"""Figures, one file per kind: functions from the tables to a `matplotlib.figure.Figure`, or None without data."""
