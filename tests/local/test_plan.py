"""What each process is told, and what it is not."""

from collections.abc import Sequence
from pathlib import Path

from deploy.local.child import Child
from deploy.local.plan import Plan
from deploy.local.settings import LocalSettings

OPENAI = {"OPENAI_API_KEY": "sk-real"}
CLOUDINARY = {"CLOUDINARY_URL": "cloudinary://key:secret@cloud"}
_SANDBOX = ("DARKROOM_SANDBOX_SECRET", "DARKROOM_SANDBOX_TOKEN")


def plan(**given: str) -> Plan:
    settings = LocalSettings.read({"DARKROOM_DATA": "/data", "PATH": "/bin", **given})
    return Plan(
        settings,
        database_url="postgresql://darkroom:secret@127.0.0.1:5000/darkroom",
        redis_url="redis://:secret@127.0.0.1:6000/0",
        gateway_port=8003,
        sandbox_port=8004 if settings.sandbox_parts else None,
    )


def everybody(of: Plan) -> Sequence[Child]:
    return [child for child in (of.migrations, of.sandbox, *of.services, *of.workers, of.gateway) if child]


def test_a_stray_variable_of_the_shell_reaches_nobody() -> None:
    for child in everybody(plan(PYTHONPATH="/elsewhere", AWS_SECRET_ACCESS_KEY="x", PGPASSWORD="x")):
        assert not {"PYTHONPATH", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD"} & set(child.environment)


def test_everybody_speaks_json_on_a_port_of_their_own() -> None:
    children = everybody(plan(DARKROOM_LOG_FORMAT="text", DARKROOM_WORKERS="3"))

    assert {child.environment["DARKROOM_LOG_FORMAT"] for child in children} == {"json"}
    ports = [child.environment["DARKROOM_PORT"] for child in children]
    assert len(set(ports)) == len(ports) == 8


def test_only_the_gateway_leaves_the_loopback_address() -> None:
    made = plan(DARKROOM_HOST="0.0.0.0")

    hosts = {child.name: child.environment["DARKROOM_HOST"] for child in everybody(made)}
    assert hosts.pop("gateway") == "0.0.0.0"
    assert set(hosts.values()) == {"127.0.0.1"}


def test_the_gateway_knows_where_the_services_listen() -> None:
    made = plan()

    upload, library = made.services
    assert made.gateway.environment["DARKROOM_UPLOAD_URL"] == f"http://127.0.0.1:{upload.environment['DARKROOM_PORT']}"
    assert (
        made.gateway.environment["DARKROOM_LIBRARY_URL"] == f"http://127.0.0.1:{library.environment['DARKROOM_PORT']}"
    )
    assert made.gateway.environment["DARKROOM_PUBLIC_URL"] == "http://localhost:8003"


def test_our_own_settings_reach_the_services() -> None:
    for child in everybody(plan(DARKROOM_LEASE_SECONDS="40")):
        assert child.environment["DARKROOM_LEASE_SECONDS"] == "40"


def test_the_vendors_variables_reach_the_services_only_when_set() -> None:
    for child in everybody(plan()):
        assert not {"OPENAI_API_KEY", "CLOUDINARY_URL"} & set(child.environment)
    for child in plan(**OPENAI).workers:
        assert child.environment["OPENAI_API_KEY"] == "sk-real"


def test_the_sandbox_learns_no_secret() -> None:
    sandbox = plan(**OPENAI, OPENAI_BASE_URL="https://elsewhere").sandbox

    assert sandbox
    assert not {"OPENAI_API_KEY", "OPENAI_BASE_URL", "DATABASE_URL", "REDIS_URL"} & set(sandbox.environment)
    assert sandbox.environment["DARKROOM_SANDBOX_URL"] == "http://127.0.0.1:8004"
    assert sandbox.environment["DARKROOM_SANDBOX_DATA"] == str(Path("/data/sandbox"))


def test_the_sandboxs_secret_is_new_for_each_run_and_its_token_its_own() -> None:
    first, second = plan(), plan()
    secrets = {made.sandbox.environment["DARKROOM_SANDBOX_SECRET"] for made in (first, second) if made.sandbox}
    assert len(secrets) == 2
    assert all(len(secret) >= 32 for secret in secrets)
    for child in (*first.services, *first.workers):
        assert child.environment["DARKROOM_SANDBOX_SECRET"] in secrets
    told = plan(DARKROOM_SANDBOX_SECRET="given", DARKROOM_SANDBOX_TOKEN="mine")
    holders = {name: {child.name for child in everybody(told) if child.environment.get(name)} for name in _SANDBOX}
    assert holders["DARKROOM_SANDBOX_SECRET"] == {"sandbox", "upload", "library", "worker-1", "worker-2"}
    assert holders["DARKROOM_SANDBOX_TOKEN"] == {"sandbox"}


def test_with_two_real_vendors_there_is_no_sandbox() -> None:
    made = plan(**OPENAI, **CLOUDINARY)

    assert made.sandbox is None
    assert "sandbox" not in dict(made.rows())
    assert all("DARKROOM_SANDBOX_URL" not in child.environment for child in everybody(made))


def test_the_brake_is_loose_only_where_painting_is_free() -> None:
    assert plan().workers[0].environment["DARKROOM_IMAGES_PER_MINUTE"] == "600"
    assert plan(DARKROOM_IMAGES_PER_MINUTE="7").workers[0].environment["DARKROOM_IMAGES_PER_MINUTE"] == "7"
    assert "DARKROOM_IMAGES_PER_MINUTE" not in plan(**OPENAI).workers[0].environment


def test_the_sandbox_takes_its_time_unless_told() -> None:
    slow, quick = plan().sandbox, plan(DARKROOM_SANDBOX_LATENCY="0").sandbox

    assert slow and slow.environment["DARKROOM_SANDBOX_LATENCY"] == "2"
    assert quick and quick.environment["DARKROOM_SANDBOX_LATENCY"] == "0"


def test_a_proxy_is_for_the_outside_only() -> None:
    told = plan(HTTPS_PROXY="http://proxy:3128", NO_PROXY="intranet").gateway.environment

    assert told["HTTPS_PROXY"] == "http://proxy:3128"
    assert told["NO_PROXY"] == told["no_proxy"] == "intranet,127.0.0.1,localhost"
    assert "NO_PROXY" not in plan().gateway.environment


def test_a_worker_that_takes_longer_than_its_drain_is_told_of_and_not_killed() -> None:
    assert plan().workers[0].irreplaceable
    assert plan().workers[0].stop_seconds == 140
    assert plan(DARKROOM_DRAIN_SECONDS="10").workers[0].stop_seconds == 30


def test_a_database_outside_of_the_data_folder_is_shown(tmp_path: Path) -> None:
    assert str(tmp_path) not in str(plan().rows())
    (tmp_path / "postgres").symlink_to("/var/lib/elsewhere")

    assert "/var/lib/elsewhere" in str(plan(DARKROOM_DATA=str(tmp_path)).rows())


def test_the_users_own_stores_are_shown_without_their_passwords() -> None:
    rows = dict(
        plan(DATABASE_URL="postgresql://me:hidden@db:5432/darkroom", REDIS_URL="redis://:hidden@cache/0").rows()
    )

    assert "hidden" not in str(rows)
    assert rows["Redis"] == "yours, cache/0"
