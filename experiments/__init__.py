"""The experiments that `study run NAME` takes by name: one file for each question."""
