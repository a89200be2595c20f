"""Live in mqttown: what agent authors import."""
