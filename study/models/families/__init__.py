"""The model families, one file each: their loss and what they report."""
