"""The report of a run folder: one HTML file that needs no network."""
