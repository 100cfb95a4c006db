"""Priors that are learned with the model, one file each, together with the family that learns it."""
