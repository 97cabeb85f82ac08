"""docker-compose.yml as Docker's own Compose understands it; it needs no Docker for that."""

import json
import os
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from include.settings import PROJECT_ROOT

INSTALLER = PROJECT_ROOT / "scripts" / "install-compose-checker.sh"
COMPOSE_FILE = PROJECT_ROOT / "docker-compose.yml"
EXAMPLE = PROJECT_ROOT / ".env.example"
PROFILES = ("simulator", "tools")

Service = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What `config` said: the whole model, and its complaints."""

    exit_code: int
    model: dict[str, Any]
    complaints: str


@lru_cache
def config(*profiles: str, env_file: Path = EXAMPLE, is_interpolated: bool = True) -> Answer:
    """Let Compose read the file with these settings and no others."""
    command = [str(_checker()), "--project-directory", str(PROJECT_ROOT), "--file", str(COMPOSE_FILE)]
    command += ["--env-file", str(env_file), *(f"--profile={profile}" for profile in profiles)]
    command += ["config", "--format", "json", *([] if is_interpolated else ["--no-interpolate"])]
    process = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]},
    )
    model = json.loads(process.stdout) if process.returncode == 0 else {}
    return Answer(process.returncode, model, process.stderr)


def services() -> dict[str, Service]:
    """Return every service, those of the optional profiles too."""
    found: dict[str, Service] = config(*PROFILES).model["services"]
    return found


def published(service: Service) -> list[tuple[str, str, int]]:
    """Return each port as host address, port there, and port inside."""
    return [
        (port.get("host_ip", ""), str(port["published"]), port["target"]) for port in service.get("ports", [])
    ]


def _checker() -> Path:
    said = subprocess.run([str(INSTALLER), "--where"], check=True, capture_output=True, text=True).stdout
    program = Path(said.strip())
    assert program.exists(), f"Docker Compose is not there: run {INSTALLER.relative_to(PROJECT_ROOT)}"
    return program
