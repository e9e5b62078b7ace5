"""compose.yaml and the Dockerfile: what they name exists, and what can be tried without an engine is tried."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from deploy.local.ports import free_port
from deploy.local.stores import _LOCALES, _valkey_program
from deploy.sandbox.settings import Settings as SandboxSettings
from shared.settings import Common, GatewaySettings, LibrarySettings, UploadSettings, WorkerSettings
from tests.repository import ROOT, SERVICES, files
from tests.servers import until

COMPOSE = ROOT / "compose.yaml"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
OURS = ("darkroom:local", "darkroom-sandbox:local")
DEMO = ROOT / "deploy" / "demo.env"
SETTINGS: dict[str, type[Common]] = {
    "gateway": GatewaySettings,
    "upload_service": UploadSettings,
    "library_service": LibrarySettings,
    "generation_worker": WorkerSettings,
    "shared.migrations": Common,
}
# Read by compose itself, or by the images of others.
FOREIGN = {
    "COMPOSE_PROFILES",
    "POSTGRES_USER",
    "POSTGRES_DB",
    "POSTGRES_PASSWORD",
    "POSTGRES_INITDB_ARGS",
    "REDIS_PASSWORD",
}
RUNNER = {"DARKROOM_WORKERS"}


@cache
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def ours() -> dict[str, str]:
    """Our services by name, each with the module it runs."""
    return {name: s["command"][2] for name, s in services().items() if s["image"] in OURS}


def variables(settings: type[Common]) -> set[str]:
    fields = settings.model_fields.values()
    return {str(choice) for field in fields for choice in field.validation_alias.choices}  # type: ignore[union-attr]


@cache
def sandbox_variables() -> set[str]:
    """The variables that its settings name in the words under each field."""
    return set(re.findall(r"DARKROOM_[A-Z_]+", (ROOT / "deploy/sandbox/settings.py").read_text()))


def interpolated() -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", COMPOSE.read_text()))


def env_file(path: Path) -> dict[str, str]:
    lines = [line.removeprefix("#") for line in path.read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


def seconds(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([0-9.]+)([smh])", text))


def instructions(word: str, stage: str | None = None) -> Iterator[list[str]]:
    """The arguments of each instruction of that name, flags included; of one stage, or of all."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    inside = None
    for line in text.splitlines():
        if line.startswith("FROM "):
            inside = line.split()[-1]
        if line.startswith(word + " ") and stage in (None, inside):
            yield line.split()[1:]


def test_compose_is_valid_by_the_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_process_of_the_product_has_a_service() -> None:
    assert set(ours().values()) == {*SERVICES, "shared.migrations", "deploy.sandbox"}
    apart = {name for name, service in services().items() if service["image"] == OURS[1]}
    assert apart == {"sandbox"}, "the image of production has nothing of it"


@pytest.mark.parametrize("module", sorted(set(ours().values())))
def test_every_command_is_a_module_that_can_be_run(module: str) -> None:
    assert (ROOT / Path(*module.split(".")) / "__main__.py").is_file()


@pytest.mark.parametrize("name", sorted(ours()))
def test_every_variable_is_one_that_its_process_reads(name: str) -> None:
    module = ours()[name]
    known = variables(SETTINGS[module]) if module in SETTINGS else sandbox_variables()
    assert set(services()[name]["environment"]) <= known


def test_every_interpolated_variable_is_known_and_offered_to_the_operator() -> None:
    known = set().union(*map(variables, SETTINGS.values())) | sandbox_variables() | FOREIGN | RUNNER
    assert interpolated() <= known
    assert set(env_file(ROOT / ".env.example")) | set(env_file(DEMO)) <= interpolated() | {"COMPOSE_PROFILES"}


def test_no_password_has_a_default() -> None:
    text = COMPOSE.read_text()
    for secret in ("POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        asked = re.findall(r"\$\{" + secret + r"([^}]*)\}", text)
        assert asked, secret
        assert all(rest.startswith(":?") for rest in asked), f"{secret} must stop the start where it is not set"
        assert env_file(ROOT / ".env.example")[secret] == ""


def test_keys_reach_only_those_who_need_them() -> None:
    """The gateway, which faces the outside, knows that there are keys, and none of them."""
    storing = {"worker", "upload", "library"}
    holders = {
        "OPENAI_API_KEY": {"worker"},
        "CLOUDINARY_URL": storing,
        "DARKROOM_SANDBOX_SECRET": {*storing, "sandbox"},
    }
    for key, allowed in holders.items():
        told = {name for name in ours() if f"${{{key}:-" in str(services()[name]["environment"].get(key))}
        assert told == allowed


def test_an_empty_base_url_never_reaches_the_sdk() -> None:
    """OpenAI's SDK takes an empty OPENAI_BASE_URL for an address."""
    assert services()["worker"]["environment"]["OPENAI_BASE_URL"] == "${OPENAI_BASE_URL:-https://api.openai.com/v1}"


def test_the_gateway_is_the_only_door_and_only_on_the_loopback_address() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert set(published) == {"gateway", "sandbox"}
    assert services()["sandbox"]["profiles"] == ["demo"]
    for ports in published.values():
        assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_gateway_finds_the_inner_services_where_they_listen() -> None:
    told = services()["gateway"]["environment"]
    for name in ("upload", "library"):
        port = services()[name]["environment"]["DARKROOM_PORT"]
        assert told[f"DARKROOM_{name.upper()}_URL"] == f"http://{name}:{port}"


def test_the_sandbox_has_one_address_inside_and_outside() -> None:
    """Stored pictures carry it, and both browsers and the library service fetch them."""
    sandbox, url = services()["sandbox"], env_file(DEMO)["DARKROOM_SANDBOX_URL"]
    port = sandbox["environment"]["DARKROOM_PORT"]
    assert url == f"http://sandbox.localhost:{port}"
    assert sandbox["networks"]["default"]["aliases"] == ["sandbox.localhost"]
    assert sandbox["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert sandbox["environment"]["DARKROOM_SANDBOX_URL"] == f"${{DARKROOM_SANDBOX_URL:-{url}}}"
    assert SandboxSettings.from_environment({"DARKROOM_SANDBOX_URL": url}).public_url == url


def test_the_demonstration_is_no_production() -> None:
    told = env_file(DEMO)
    assert told["COMPOSE_PROFILES"] == "demo"
    assert told["DARKROOM_ENV"] == "development"
    assert all(
        s["environment"]["DARKROOM_ENV"] == "${DARKROOM_ENV:-production}"
        for n, s in services().items()
        if ours().get(n) in SETTINGS
    )


def test_a_worker_gets_longer_to_stop_than_its_drain() -> None:
    worker = services()["worker"]
    drain = float(worker["environment"]["DARKROOM_DRAIN_SECONDS"])
    last_words = WorkerSettings.model_fields["database_timeout"].default
    assert drain == WorkerSettings.model_fields["drain"].default
    assert seconds(worker["stop_grace_period"]) > 100 * (drain + last_words), "a paid picture may need people first"


def test_containers_come_back_and_hold_no_more_rights_than_they_need() -> None:
    for name, service in services().items():
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped"), name
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.get("user") != "root", name
        assert "healthcheck" in service, name


def test_everybody_waits_for_the_migrations_and_nobody_for_redis() -> None:
    for name in set(ours()) - {"migrate", "sandbox"}:
        needs = services()[name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"
        assert needs["redis"]["condition"] == "service_started"


def test_the_stores_have_no_way_out() -> None:
    assert compose()["networks"]["stores"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert services()[name]["networks"] == ["stores"]


def test_files_that_are_received_lie_on_disk_and_what_lies_in_memory_has_an_end() -> None:
    upload = services()["upload"]
    assert "/tmp" in [volume.partition(":")[2] for volume in upload["volumes"]]
    assert not upload["tmpfs"]
    for name, service in services().items():
        assert all(re.search(r":size=\d+m$", folder) for folder in service.get("tmpfs", [])), name


def test_every_volume_is_declared_and_every_image_is_pinned() -> None:
    mounted = {volume.split(":")[0] for service in services().values() for volume in service.get("volumes", [])}
    assert mounted == set(compose()["volumes"])
    for name, service in services().items():
        assert re.search(r":[0-9]+\.[0-9]+$", service["image"]) or service["image"] in OURS, name


def test_postgres_gets_the_locale_that_make_up_gives_it() -> None:
    flags = services()["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    assert flags == ["--encoding=UTF8", *_LOCALES[0]]


def test_redis_starts_with_what_compose_says(tmp_path: Path) -> None:
    """The very command, run by a shell: an append-only file, nothing evicted, no entry without the password."""
    shell, flag, command = services()["redis"]["command"]
    port = free_port()
    command = command.replace("$$", "$").replace("/data", str(tmp_path)) + f" --port {port} --bind 127.0.0.1"
    path = os.pathsep.join([str(_valkey_program().resolve().parent), os.environ["PATH"]])
    server = subprocess.Popen(
        [shell, flag, command], env={"PATH": path, "REDIS_PASSWORD": "s3cret"}, stdout=subprocess.DEVNULL, cwd=tmp_path
    )
    try:
        with redis.Redis(port=port, password="s3cret", socket_timeout=2) as client:
            until("redis answers", lambda: answers(client))
            said = client.config_get("appendonly", "appendfsync", "maxmemory-policy", "save")
            assert said == {
                "appendonly": "yes",
                "appendfsync": "everysec",
                "maxmemory-policy": "noeviction",
                "save": "",
            }
            assert (tmp_path / "appendonlydir").is_dir()
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    finally:
        server.terminate()
        assert server.wait(10) == 0


def answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_everything_the_dockerfile_copies_exists_and_is_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for *sources, _target in instructions("COPY"):
        if sources[0].startswith("--from="):
            continue
        for source in sources:
            assert any(
                fnmatch(str(path), source.rstrip("/") + ("/*" if source.endswith("/") else "")) for path in files()
            ), source
            top = source.split("/")[0]
            assert f"!{top}" in ignored or f"!{source.rstrip('/')}" in ignored, source


def test_every_file_of_our_packages_gets_into_the_image() -> None:
    copied = [source for *sources, _ in instructions("COPY") for source in sources if not source.startswith("--")]
    wanted = [
        path for path in files() if path.parts[0] in (*SERVICES, "shared") or path.parts[:2] == ("deploy", "sandbox")
    ]
    for path in wanted:
        inside = [source for source in copied if str(path).startswith(source) or path.match(source)]
        assert inside, f"{path} is not copied"


def test_nothing_of_the_sandbox_is_in_the_image_of_production() -> None:
    stages = list(instructions("FROM"))
    assert stages[-2:] == [["product", "AS", "sandbox"], ["product", "AS", "production"]], "the last is the default"
    copied = {stage: [" ".join(each) for each in instructions("COPY", stage)] for stage in ("product", "sandbox")}
    assert not [each for each in copied["product"] if "deploy" in each]
    assert not list(instructions("COPY", "production"))
    assert [each for each in copied["sandbox"] if "deploy/sandbox/" in each]


def test_the_image_has_what_the_processes_import() -> None:
    """What is not copied must not be imported by what is."""
    present = {*SERVICES, "shared", "deploy.sandbox"}
    for path in files():
        if path.suffix != ".py" or not (path.parts[0] in present or path.parts[:2] == ("deploy", "sandbox")):
            continue
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if module and module.split(".")[0] in {"deploy", "tests", "bench", "dev"}:
                assert module.startswith("deploy.sandbox"), f"{path} imports {module}"


def test_the_image_runs_as_nobody_special_and_is_stopped_by_sigterm() -> None:
    assert list(instructions("USER", "product")) == [["10001:10001"]]
    assert list(instructions("USER", "sandbox"))[-1] == ["10001:10001"]
    assert list(instructions("STOPSIGNAL")) == [["SIGTERM"]]
    assert next(iter(instructions("CMD"))) == ['["python",', '"-m",', '"gateway"]']


def test_packages_are_installed_from_the_locks_and_checked_by_hash() -> None:
    text = DOCKERFILE.read_text()
    assert "--require-hashes -r requirements-uv.lock" in text
    assert "--require-hashes -c requirements.lock -r pyproject.toml" in text
