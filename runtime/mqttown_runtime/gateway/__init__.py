"""The model gateway: the one way from a mind to a model; it holds the keys, the budgets, the cache and the cassette."""
