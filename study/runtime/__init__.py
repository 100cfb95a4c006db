"""Services for a run: complete files, claims between processes, checks of values, versions, and progress."""
