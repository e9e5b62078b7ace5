"""Logging: structlog straight to bytes, one line per event, bound ids. Prompts, keys and signed URLs never go in."""

import json
import logging
import sys
from typing import Any, TextIO, cast

import orjson
import structlog

from shared.settings import Common

Logger = structlog.typing.FilteringBoundLogger
"""Events are named `noun.verb`, with their values as keywords."""


class Sink:
    """Where lines go: this process's stderr, whatever becomes of it. Never raises; says later how much was lost.

    A disk that is full for Postgres is often full for the log too, and the pipe to a runner that was killed is broken:
    a line that is lost must lose nothing else.
    """

    def __init__(self) -> None:
        self._lost = 0

    def write(self, text: str) -> int:
        """Writes it, or counts it as lost."""
        # By hand: whoever writes holds the logger's lock.
        before = f'{{"event":"log.lost","level":"error","writes":{self._lost}}}\n' if self._lost else ""
        try:
            sys.stderr.write(before + text)
            sys.stderr.flush()
            self._lost = 0
        except (OSError, ValueError):  # full, broken, or closed
            self._lost += 1
        return len(text)

    def flush(self) -> None:
        """Everything was flushed when it was written."""


def _dumps(event: dict[str, Any], **_: Any) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except orjson.JSONEncodeError:  # A number beyond 64 bits, half a surrogate pair: others' values may be anything.
        return json.dumps(event, default=str)


def start(process: str, settings: Common) -> None:
    """Sets up logging for this process. Third-party libraries' warnings come through the same door."""
    sink = Sink()
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=_dumps)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*before, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", sink)),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sink)
    last = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=before))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)


def get() -> Logger:
    """The logger of this process."""
    logger: Logger = structlog.get_logger()
    return logger
