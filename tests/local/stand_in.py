"""`make up` with stand-ins: the real supervisor and plan, but every program of the product is this file itself.

A stand-in answers 200 to everything and writes what happens to it into the journal. Not a test.
"""

import http.server
import json
import os
import signal
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve()
JOURNAL = Path(os.environ.get("DARKROOM_JOURNAL", os.devnull))


def write(what: str, module: str) -> None:
    """One line, written in one piece, so that several processes may write at once."""
    line = json.dumps({"what": what, "module": module, "pid": os.getpid(), "port": os.environ["DARKROOM_PORT"]})
    with JOURNAL.open("a") as journal:
        journal.write(line + "\n")


class Answer(http.server.BaseHTTPRequestHandler):
    """Ready from the first moment."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The name is http.server's.
        return


def stand_in(module: str) -> None:
    """One program of the product. A file named like it beside the journal changes what it does."""
    orders = JOURNAL.parent / f"{module}.orders"
    order = orders.read_text() if orders.exists() else ""
    write("started", module)
    if order == "fail":
        print(f"ValueError: {module} has a reason", file=sys.stderr)
        raise SystemExit(3)
    if module == "shared.migrations":
        return

    def end(*_: object) -> None:
        write("asked to end", module)
        while order == "drain" and not (JOURNAL.parent / "drained").exists():
            time.sleep(0.02)
        write("ended", module)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    print(json.dumps({"event": "stand_in.started", "level": "info", "module": module}))
    print(json.dumps({"event": "stand_in.worried", "level": "warning", "module": module, "process": "x"}))
    http.server.HTTPServer(("127.0.0.1", int(os.environ["DARKROOM_PORT"])), Answer).serve_forever()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        stand_in(sys.argv[1])
    else:
        sys.path.insert(0, str(HERE.parents[2]))
        from deploy.local.product import main  # Here, because six stand-ins would import it for nothing.

        sys.exit(main(programs=lambda module: (sys.executable, str(HERE), module)))
