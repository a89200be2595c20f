"""The command `mqttown`: composes the services."""
