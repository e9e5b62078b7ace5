"""What `darkroom` can do, a file for each area."""
