"""The town as an environment for reinforcement learning, without wire and processes."""
