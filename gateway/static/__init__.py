"""Files held in memory: the studio and the pages."""
