"""Scripts that run as they stand, each one recipe."""
