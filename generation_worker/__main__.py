"""`python -m generation_worker`."""

import os
import sys

import uvloop

from generation_worker.main import main
from shared.settings import WorkerSettings, read

uvloop.run(main(read(WorkerSettings)))
sys.stderr.flush()
# Everything is handed back and closed. A normal exit would wait a minute for a thread that hangs in the store.
os._exit(0)
