"""The leaves of the residents' behaviour tree: each looks at a turn and comes to a choice, or to none."""
