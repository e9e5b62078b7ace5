"""The OpenAPI document of the whole API, and its page."""
