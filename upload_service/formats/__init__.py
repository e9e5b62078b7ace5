"""JPEG, PNG and WebP read by hand. Pure."""
