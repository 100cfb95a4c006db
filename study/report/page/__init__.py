"""The page of a report: its blocks, its template, and the same as Markdown."""
