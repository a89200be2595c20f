"""Memory: what residents remember."""
