"""Measures the product beside bare servers of the same machine and the same run. Nothing of the product imports it."""
