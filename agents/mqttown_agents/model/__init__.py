"""Minds driven by a model: perceive, recall, reflect, plan, act."""
