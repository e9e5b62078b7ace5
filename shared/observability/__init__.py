"""The log, the access log, and work that is done again and again."""
