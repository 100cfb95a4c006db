"""The command `study`, which runs `study.cli.main`. JAX is only imported when a verb needs it."""

from study.cli.main import experiment_main, main

__all__ = ["experiment_main", "main"]
