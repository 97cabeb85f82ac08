"""What the project says of itself: its version, its rooms, its licence, the machine that it can be tried on."""

import json
import re
import subprocess
import sys
import tomllib

from include.settings import FIELDS, PROJECT_ROOT

CHANGELOG = (PROJECT_ROOT / "CHANGELOG.md").read_text()
PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
PAPERS = [*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md")]
# What the papers name in capitals besides settings: others' variables, one of make's, and words of Kafka's.
NOT_OURS = {
    "GF_SERVER_ROOT_URL",
    "INVALID_TIMESTAMP",
    "NO_SHRINK",
    "PYSPARK_PYTHON",
    "SASL_SSL",
    "SPARK_LOCAL_HOSTNAME",
}


def test_the_version_is_told_and_has_its_section() -> None:
    told = subprocess.run(
        [sys.executable, "main.py", "--version"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    released = re.findall(r"^## (\d\S*)", CHANGELOG, re.MULTILINE)

    assert told.stdout == f"heartbeat {PROJECT['version']}\n"
    assert released[0] == PROJECT["version"]


def test_the_version_stands_in_no_second_place_and_gets_into_the_image() -> None:
    sources = [*PROJECT_ROOT.glob("*.py"), *(PROJECT_ROOT / "include").rglob("*.py")]

    assert [file for file in sources if f'"{PROJECT["version"]}"' in file.read_text()] == []
    assert "!pyproject.toml" in (PROJECT_ROOT / ".dockerignore").read_text().splitlines()


def test_the_readme_names_every_room() -> None:
    where = (PROJECT_ROOT / "README.md").read_text().partition("## Where things are")[2].partition("\n## ")[0]
    rooms = [folder.parent.name for folder in (PROJECT_ROOT / "include").glob("*/__init__.py")]
    houses = ["producer/", "spark_jobs/", "dags/", "plugins/", "stack/", "grafana/", "include/", "tools/"]

    assert len(rooms) > 10
    assert [name for name in [*rooms, *houses] if f"`{name}`" not in where] == []


def test_the_licence_is_the_one_that_is_named() -> None:
    text = (PROJECT_ROOT / "LICENSE").read_text()

    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_development_container_runs_the_demo_on_what_is_there() -> None:
    container = json.loads((PROJECT_ROOT / ".devcontainer" / "devcontainer.json").read_text())
    dockerfile = (PROJECT_ROOT / ".devcontainer" / container["build"]["dockerfile"]).read_text()

    assert container["postCreateCommand"] == "make demo"
    assert f"useradd --uid 1000 --create-home --shell /bin/bash {container['remoteUser']}\n" in dockerfile
    assert "\nUSER 1000\n" in dockerfile
    assert "\ndemo:" in (PROJECT_ROOT / "Makefile").read_text()


def test_the_papers_name_no_file_of_ours_that_is_gone() -> None:
    named = re.compile(
        r"`((?:include|producer|spark_jobs|stack|plugins|tests|tools|dags|grafana)/[\w/.-]+(?:\.\w+|/))`"
    )
    found = {
        (paper.name, path)
        for paper in PAPERS
        if paper.name != "CHANGELOG.md"
        for path in named.findall(paper.read_text())
        if "NAME" not in path
    }

    assert len(found) > 30
    assert {(paper, path) for paper, path in found if not (PROJECT_ROOT / path).exists()} == set()


def test_whatever_the_papers_call_a_setting_is_one() -> None:
    """Else it is a variable with a fixed value in docker-compose.yml, which an override file may set."""
    fixed = re.compile(r"^ +([A-Z_]+): [^$\n]+$", re.MULTILINE)
    compose = (PROJECT_ROOT / "docker-compose.yml").read_text()
    keys = {name.upper() for name in FIELDS} | set(fixed.findall(compose)) | NOT_OURS
    named = {
        (paper.name, key)
        for paper in PAPERS
        if paper.name != "CHANGELOG.md"
        for key in re.findall(r"(?<![\w$])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", paper.read_text())
    }

    assert len(named) > 100
    assert {(paper, key) for paper, key in named if key not in keys} == set()
