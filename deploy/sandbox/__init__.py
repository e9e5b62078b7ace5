"""The sandbox: a server that plays OpenAI and Cloudinary over HTTP, so that the product runs without keys and costs.
It imports nothing of the product, and the product nothing of it; they meet on the wire only.
"""
