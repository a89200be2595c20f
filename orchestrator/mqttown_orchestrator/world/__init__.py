"""The pure world: what is, what can happen, and nothing of clocks, sockets or databases."""
