"""Kills whatever a town is made of, again and again, and checks that nothing was lost."""
