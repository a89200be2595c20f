"""Minds: what residents are moved by."""
