"""The model families, one file each: their losses, and the D and R that they report."""
