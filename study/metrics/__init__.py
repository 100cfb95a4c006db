"""Measurements of samples: how near to the data, how varied, how new."""
