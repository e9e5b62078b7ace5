"""How long an object that the store did not destroy is left alone, as SQL."""

_FIRST_PAUSE = 300.0
_LONGEST_PAUSE = 86_400.0

PAUSE = f"make_interval(secs => least({_FIRST_PAUSE:g} * power(2, least(%s, 20)), {_LONGEST_PAUSE:g}))"
"""SQL: how long to leave an object alone that failed so many times before: 5, 10, 20 minutes … a day."""
