"""The sentences of a report, made from tables alone."""
