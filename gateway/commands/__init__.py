"""What `python -m gateway.command` and `./darkroom` can do."""
