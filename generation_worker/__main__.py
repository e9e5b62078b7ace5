"""`python -m generation_worker`."""

import uvloop

from generation_worker.main import main
from shared.settings import WorkerSettings, read

uvloop.run(main(read(WorkerSettings)))
