"""Priors that are learned with the model, one file each, and with each the family that learns it."""
