"""From an experiment to its results folder: plan, store, run, publish."""
