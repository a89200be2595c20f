"""Town content: YAML that people write, checked and compiled into one file that the services read."""
