"""The town's real loop on a virtual clock, with a bus and a journal that fail as a seed has it."""
