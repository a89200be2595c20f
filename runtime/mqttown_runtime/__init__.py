"""Runtime: hosts minds."""
