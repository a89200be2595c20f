"""What a citizen and the town say to each other: types, topics, messages, verbs, errors. Pure."""
