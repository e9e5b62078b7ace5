"""The played makers of pictures: OpenAI, and servers that are like it."""
