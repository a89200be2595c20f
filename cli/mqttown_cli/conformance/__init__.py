"""The conformance kit: plays the town against an agent, or a stranger against a town, and says what is wrong."""
