"""Handing requests on to the inner services."""
