"""The played Cloudinary: upload, lookup, delivery."""
