"""The command `study`; `study.cli.main` is what it runs. Nothing of JAX is imported before a verb needs it."""

from study.cli.main import experiment_main, main

__all__ = ["experiment_main", "main"]
