"""The models that can be asked for: sizes, qualities, prices and ends, read from a file. Pure."""
