"""Asking for pictures and for how it stands."""
