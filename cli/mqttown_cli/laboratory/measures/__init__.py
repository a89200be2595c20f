"""Measures of a town: each with definition, unit, range and reference, on plain numbers and graphs."""
