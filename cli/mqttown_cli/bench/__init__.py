"""The measured workloads behind `mqttown bench`."""
