"""Classic agent-based models in a page each, played by agents over the town's own step."""
