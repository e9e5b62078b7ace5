"""`darkroom AREA VERB …`: what an operator does from a terminal. Speaks with Postgres only.

The verbs of each area are in `gateway/commands`, in a file of its name. They return what is printed.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from cyclopts import App, CycloptsError, Parameter

from gateway.commands import budgets, keys, pictures, prompts
from gateway.commands.parameters import Refused
from shared.db.pool import DatabaseUnavailable, connect
from shared.domain.errors import NotFound
from shared.settings import CommandSettings, read

app = App(
    "darkroom",
    help="What an operator of Darkroom does from a terminal.",
    help_format="plaintext",
    version_flags=(),
    default_parameter=Parameter(negative=()),
)
for _area in (budgets, pictures, prompts, keys):
    app.command(_area.app)


def main(words: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 1 refused, 2 not understood."""
    words = sys.argv[1:] if words is None else list(words)
    app.help_formatter = "default" if sys.stdout and sys.stdout.isatty() else "plain"
    try:
        verb, bound, unparsed = app.parse_args(words, exit_on_error=False, print_error=False)
    except CycloptsError as wrong:
        return _refuse(str(wrong), *(wrong.command_chain or ())[:1], status=2)
    if "db" in unparsed:
        return asyncio.run(_run(verb, bound.args, bound.kwargs))
    if verb == app.help_print and not {"--help", "-h"}.intersection(words):
        return _refuse("what is to be done is missing; --help shows what there is", *words, status=2)
    verb(*bound.args, **bound.kwargs)
    return 0


async def _run(verb: Callable[..., Awaitable[str]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    try:
        async with await connect(read(CommandSettings)) as db:
            answer = await verb(*args, **kwargs, db=db)
    except (NotFound, Refused) as no:
        return _refuse(str(no))
    except DatabaseUnavailable as gone:
        if verb.__module__ == budgets.__name__:
            return _refuse(budgets.UNKNOWN.format(gone), "budgets")
        return _refuse(f"the database does not answer ({gone}); is Darkroom running, is DATABASE_URL right?")
    return _say(answer)


def _say(answer: str) -> int:
    """What was done is done, also where nobody can be told."""
    try:
        if sys.stdout:  # None where the shell has closed it.
            print(answer, flush=True)
    except OSError as fault:
        # Python would try once more at its end, and say so with a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return (
            0 if isinstance(fault, BrokenPipeError) else _refuse(f"done, but what it says is lost ({fault.strerror})")
        )
    return 0


def _refuse(line: str, *area: str, status: int = 1) -> int:
    print(f"{' '.join(('darkroom', *area))}: {line}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
