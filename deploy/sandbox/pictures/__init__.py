"""What the sandbox draws: the pictures of the played image APIs and of the home page."""
