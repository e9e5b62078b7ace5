"""What at least two services need. Knows no service."""
