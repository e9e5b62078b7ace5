"""What the sandbox paints: from a prompt to the bytes of a picture. painter.py is the way in.
Nothing here knows HTTP or a vendor.
"""
