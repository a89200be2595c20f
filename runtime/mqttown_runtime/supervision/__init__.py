"""Supervision of hosted agents: what is wished, what is, and what is to be done about it."""
