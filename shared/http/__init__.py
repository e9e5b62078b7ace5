"""What every process that speaks HTTP is wrapped in, and the shapes that several of them answer with."""
