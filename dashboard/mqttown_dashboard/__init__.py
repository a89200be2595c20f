"""The town's window: HTTP API, live stream and web page."""
