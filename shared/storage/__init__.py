"""Where the bytes of pictures are kept, and the addresses they are delivered from."""
