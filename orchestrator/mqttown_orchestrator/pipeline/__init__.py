"""The way of an action from the wire to the world: one small unit for each stage, each with its own reason code."""
