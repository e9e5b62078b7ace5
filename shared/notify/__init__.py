"""Redis: wakes workers and tells who waits. What is lost there costs seconds."""
