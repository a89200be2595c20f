"""The broker: the embedded one, and the grants of agents on every supported one."""
