"""The image models: one call, and what its answer means."""
