"""The only door from outside: routes to the inner services, accepts generation jobs and tells how they stand."""
