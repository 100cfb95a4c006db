"""A user's own files: which format, what lies in it, and what is wrong with it."""
