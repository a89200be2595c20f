"""The orchestrator: the one writer of the world."""
