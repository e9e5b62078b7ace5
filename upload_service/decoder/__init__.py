"""The decoder processes, and what they decide."""
