"""docker-compose.yml is clean, and every service in it is pinned, bounded, watched and without rights."""

import re
import tomllib
from pathlib import Path

import pytest

from include.settings import PROJECT_ROOT
from tests.support.compose import COMPOSE_FILE, EXAMPLE, PROFILES, Service, config, published, services

# The jobs that end by themselves; everything else is there all the time.
JOBS = {"migrate", "topic", "airflow-prepare", "producer", "cli"}
ALWAYS_ON = {
    "kafka",
    "postgres",
    "spark-master",
    "spark-worker",
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "sender",
    "grafana",
    "kafka-ui",
}
DEPENDENCE = {"service_healthy", "service_completed_successfully"}
PINNED = re.compile(r"^[a-z0-9./-]+:v?\d+(\.\d+)+(-[a-z]+)?$")

each_service = pytest.mark.parametrize("name", sorted(JOBS | ALWAYS_ON))


def service(name: str) -> Service:
    return services()[name]


@pytest.mark.parametrize("profiles", [(), *((profile,) for profile in PROFILES), PROFILES], ids=str)
def test_compose_has_nothing_to_complain_about(profiles: tuple[str, ...]) -> None:
    answer = config(*profiles)

    assert (answer.exit_code, answer.complaints) == (0, "")


def test_the_env_file_of_the_first_page_alone_is_enough(tmp_path: Path) -> None:
    seed_page = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")][:7]
    (tmp_path / ".env").write_text("\n".join(seed_page))

    answer = config(env_file=tmp_path / ".env")

    assert (answer.exit_code, answer.complaints) == (0, "")


def test_a_plain_up_starts_all_that_is_promised_and_no_simulator() -> None:
    assert set(config().model["services"]) == ALWAYS_ON | {"migrate", "topic", "airflow-prepare"}


def test_the_services_are_those_that_are_checked_here() -> None:
    assert set(services()) == JOBS | ALWAYS_ON


@each_service
def test_the_image_is_pinned(name: str) -> None:
    assert PINNED.match(service(name)["image"])


@each_service
def test_it_has_no_rights_and_gains_none(name: str) -> None:
    found = service(name)

    assert found["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in found["security_opt"]
    assert {"cap_add", "privileged", "pid", "network_mode", "devices"} & set(found) == set()


@each_service
def test_it_is_bounded_in_processors_memory_processes_and_log(name: str) -> None:
    found = service(name)

    assert set(found["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert found["logging"]["options"]["max-size"]


@each_service
def test_it_is_started_again_and_its_health_watched_unless_it_is_a_job(name: str) -> None:
    found = service(name)

    assert found["restart"] == ("no" if name in JOBS else "unless-stopped")
    assert ("healthcheck" in found) == (name not in JOBS)


@each_service
def test_its_ports_are_on_this_machines_loopback_alone(name: str) -> None:
    assert {address for address, _, _ in published(service(name))} <= {"127.0.0.1"}


@each_service
def test_its_volumes_have_names_and_what_comes_from_the_host_cannot_be_written(name: str) -> None:
    declared = set(config(*PROFILES).model["volumes"])

    for volume in service(name).get("volumes", []):
        if volume["type"] == "volume":
            assert volume["source"] in declared
        else:
            assert (volume["type"], volume.get("read_only")) == ("bind", True)


def test_every_declared_volume_is_used() -> None:
    # Compose itself leaves out what nobody uses.
    [declared] = re.findall(r"^volumes:\n((?:  .+\n)+)", COMPOSE_FILE.read_text(), re.MULTILINE)
    used = {volume["source"] for each in services().values() for volume in each.get("volumes", [])}

    assert {line.strip(" :") for line in declared.splitlines()} <= used


def test_our_own_image_is_the_only_one_that_is_built_and_cannot_be_written() -> None:
    built = {name for name, each in services().items() if "build" in each}

    version = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {services()[name]["image"] for name in built} == {f"heartbeat-monitoring:{version}"}
    assert {name for name in built if not services()[name].get("read_only")} == set()
    # Java unpacks its native libraries into /tmp, and Docker's default would not let them run.
    assert {tuple(services()[name]["tmpfs"]) for name in built} == {("/tmp:exec,mode=1777,size=512m",)}


def test_a_secret_that_compose_writes_is_not_asked_of_a_service_that_cannot_be_written() -> None:
    # Compose refuses that, but only when the container is made.
    assert [name for name, each in services().items() if each.get("secrets") and each.get("read_only")] == []


@each_service
def test_what_it_waits_for_has_to_be_well_or_done(name: str) -> None:
    for other, dependence in service(name).get("depends_on", {}).items():
        assert dependence["condition"] in DEPENDENCE
        assert (dependence["condition"] == "service_completed_successfully") == (other in JOBS)


def test_nobody_waits_for_himself() -> None:
    waiting = {name: set(each.get("depends_on", {})) for name, each in services().items()}

    while ready := {name for name, others in waiting.items() if not others}:
        waiting = {name: others - ready for name, others in waiting.items() if name not in ready}

    assert waiting == {}


def test_only_the_servers_wait_for_nothing() -> None:
    assert {name for name, each in services().items() if not each.get("depends_on")} == {
        "kafka",
        "postgres",
        "spark-master",
    }


def test_only_the_dashboards_are_mounted_from_the_project() -> None:
    sources = re.findall(r"^ +- \./([^:]+):", COMPOSE_FILE.read_text(), re.MULTILINE)

    assert sources == ["grafana/provisioning", "grafana/dashboards"]


def test_every_folder_of_the_project_that_is_mounted_is_there_with_something_in_it() -> None:
    mounted = {
        Path(volume["source"])
        for service in services().values()
        for volume in service.get("volumes", [])
        if volume["type"] == "bind"
    }

    assert {folder.name for folder in mounted} == {"provisioning", "dashboards"}
    assert [folder for folder in mounted if not any(folder.iterdir())] == []
