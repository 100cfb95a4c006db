"""The words of a report, each part from tables alone."""
