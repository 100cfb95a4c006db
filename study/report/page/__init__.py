"""The pages of a report: their blocks, the HTML template and the Markdown writer."""
