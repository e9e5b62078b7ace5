"""`python -m deploy.sandbox`: one process that plays OpenAI and Cloudinary.
Its settings are in settings.py.
"""

from __future__ import annotations

import os
import sys

from deploy.sandbox.app import make_app
from deploy.sandbox.connection import Server
from deploy.sandbox.parts import Parts
from deploy.sandbox.settings import SettingError, Settings


def main() -> int:
    """The exit status: 2 where a setting is wrong or the folder cannot be used."""
    os.umask(0o077)  # What is written here holds prompts and pictures.
    try:
        settings = Settings.from_environment()
    except SettingError as bad:
        print(f"sandbox: {bad}", file=sys.stderr)
        return 2
    try:
        parts = Parts.from_settings(settings)
    except OSError as problem:
        print(f"sandbox: cannot use the folder {settings.data}: {problem.strerror}", file=sys.stderr)
        return 2
    Server(make_app(parts), settings.host, settings.port, parts.close).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
