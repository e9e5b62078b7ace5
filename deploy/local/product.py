"""The life of `make up`, from the first look at the disk to the last process gone.

Reads as the list of steps it is; each step is told in its own file.
"""

import asyncio
import os
import signal
import time
from collections.abc import Mapping

from deploy.local import preflight
from deploy.local.errors import StartError
from deploy.local.plan import Plan, Programs, module
from deploy.local.ports import free_port
from deploy.local.screen import Screen
from deploy.local.settings import LocalSettings
from deploy.local.stores import Postgres, Valkey
from deploy.local.supervisor import Supervisor

_SAME_PRESS = 0.5
"""Seconds within which a second SIGINT is the same Ctrl-C, heard twice."""


def main(environment: Mapping[str, str] = os.environ, programs: Programs = module) -> int:
    """Runs the product until it is told to stop. The exit status: 0 in order, 1 when it could not start."""
    screen = Screen()
    try:
        settings = LocalSettings.read(environment)
        with preflight.our_folder(settings.data) as in_order:
            preflight.require_space(settings.data)
            preflight.require_auth(settings)
            if not in_order:
                screen.step("the last run was killed; picking up what it left")
            gateway = preflight.gateway_port(settings, in_order=in_order)
            sandbox = preflight.sandbox_port(settings, gateway, in_order=in_order) if settings.sandbox_parts else None
            try:
                return asyncio.run(_live(settings, programs, screen, (gateway, sandbox)))
            except OSError as problem:
                raise preflight.explain(problem, settings.data) from problem
    except StartError as problem:
        screen.error(str(problem))
        return 1
    except KeyboardInterrupt:  # Before anything was started.
        return 0


async def _live(settings: LocalSettings, programs: Programs, screen: Screen, ports: tuple[int, int | None]) -> int:
    stop, hurry = _asked_to_stop()
    supervisor = Supervisor(settings.data / "logs", screen)
    starting = asyncio.create_task(_start(settings, programs, screen, supervisor, ports))
    asked = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await asked
        screen.step("stopping …")
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await supervisor.stop(hurry)
    screen.step("stopped")
    return 0


async def _start(
    settings: LocalSettings,
    programs: Programs,
    screen: Screen,
    supervisor: Supervisor,
    ports: tuple[int, int | None],
) -> None:
    began = time.monotonic()
    database_url, redis_url = await _start_stores(settings, supervisor)
    preflight.note_database(settings.data, database_url)
    plan = Plan(
        settings,
        database_url=database_url,
        redis_url=redis_url,
        gateway_port=ports[0],
        sandbox_port=ports[1],
        programs=programs,
    )
    if plan.sandbox:
        supervisor.begin(plan.sandbox)
    await supervisor.run(plan.migrations)
    await supervisor.ready()
    screen.step(f"database … {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    # Starting is mostly processor time, so these start together; the gateway is ready only when the services are.
    supervisor.begin(*plan.services)
    supervisor.begin(*plan.workers)
    supervisor.begin(plan.gateway)
    await supervisor.ready()
    screen.step(f"services … {time.monotonic() - began:.0f} s")
    screen.block("Darkroom is ready", plan.rows(), "Ctrl-C stops everything and loses nothing")


async def _start_stores(settings: LocalSettings, supervisor: Supervisor) -> tuple[str, str]:
    """Starts those the user did not bring. Both are the first stage, and so the last to stop."""
    given, data = settings.given, settings.data
    postgres = None if "DATABASE_URL" in given else Postgres(data / "postgres", free_port())
    valkey = None if "REDIS_URL" in given else Valkey(data / "valkey", free_port())
    ours = [store for store in (postgres, valkey) if store]
    for store in ours:
        store.prepare()
    supervisor.begin(*(store.child() for store in ours))
    await supervisor.ready()
    return (
        postgres.url() if postgres else given["DATABASE_URL"],
        valkey.url() if valkey else given["REDIS_URL"],
    )


def _asked_to_stop() -> tuple[asyncio.Event, asyncio.Event]:
    """Set by the first signal, and by a second Ctrl-C. A second SIGTERM is not a hurry: `timeout` sends one to us and
    one to make, which hands it on."""
    stop, hurry = asyncio.Event(), asyncio.Event()
    first = 0.0

    def asked(by: signal.Signals) -> None:
        nonlocal first
        if not stop.is_set():
            first = time.monotonic()
            stop.set()
        elif by == signal.SIGINT and time.monotonic() - first > _SAME_PRESS:
            hurry.set()

    for by in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(by, asked, by)
    return stop, hurry
