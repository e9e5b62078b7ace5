"""The decoder processes, and who may have one."""
