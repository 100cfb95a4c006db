"""Measurements of samples: fidelity to the data, variety and novelty."""
