"""What the library service answers."""
