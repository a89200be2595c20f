"""The sandbox: one container an agent, with one door."""
