"""What the upload service answers."""
