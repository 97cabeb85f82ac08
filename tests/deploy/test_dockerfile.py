"""The Dockerfile: pinned, without secrets, without rights, every package by its hash, code in the last layer."""

import re

import pytest

from include.settings import FIELDS, PROJECT_ROOT

LINES = (PROJECT_ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
IGNORED = (PROJECT_ROOT / ".dockerignore").read_text().splitlines()
STAGES = {"base", "packages"}


def instructions(word: str) -> list[str]:
    return [line.partition(" ")[2].strip() for line in LINES if line.startswith(f"{word} ")]


def test_every_base_is_pinned_to_a_release_or_a_stage() -> None:
    bases = [text.split()[0] for text in instructions("FROM")]

    assert bases[0] == "debian:12.14-slim"
    assert set(bases[1:]) <= STAGES


def test_it_runs_as_an_account_without_rights_told_by_its_number() -> None:
    after_last_stage = LINES[max(i for i, line in enumerate(LINES) if line.startswith("FROM ")) :]

    users = [line.split()[1] for line in after_last_stage if line.startswith("USER ")]

    assert users == ["10001:10001"]


def test_nothing_comes_from_the_network_past_the_package_managers() -> None:
    fetched = [line for line in instructions("RUN") if re.search(r"\b(curl|wget|git)\b|https?://", line)]

    assert instructions("ADD") == []
    assert fetched == []


def test_every_python_package_has_its_hash() -> None:
    installs = re.findall(r"pip install .*?(?=&&|$)", " ".join(instructions("RUN")))

    assert len(installs) == 2
    assert [install for install in installs if "--require-hashes -r requirements" not in install] == []


def test_the_compiled_pass_is_made_of_the_code_that_is_in_the_image_while_it_can_be_written() -> None:
    at = {text: index for index, text in enumerate(LINES)}

    assert at["COPY . ."] < at["RUN python -m include.compiled"] < at["USER 10001:10001"]


@pytest.mark.parametrize("word", ["ARG", "ENV", "LABEL"])
def test_no_secret_is_baked_in(word: str) -> None:
    text = " ".join(instructions(word)).upper()

    assert [name for name in FIELDS if "pass" in name and name.upper() in text] == []
    assert re.findall(r"PASS|SECRET|TOKEN", text) == []


def test_the_packages_are_not_installed_anew_when_only_code_changes() -> None:
    positions = {text: index for index, text in enumerate(LINES)}
    install = next(index for text, index in positions.items() if "uv pip install" in text)
    copied_before = [text for text, index in positions.items() if text.startswith("COPY") and index < install]

    assert copied_before == ["COPY requirements-uv.txt requirements.txt ./"]


def test_the_image_is_given_nothing_but_the_program() -> None:
    let_in = {line.removeprefix("!") for line in IGNORED if line.startswith("!")}

    assert IGNORED[1] == "*"
    assert let_in == {
        *(
            "dags",
            "include",
            "main.py",
            "plugins",
            "producer",
            "pyproject.toml",
            "spark_jobs",
            "stack",
            "tools",
        ),
        *("requirements-uv.txt", "requirements.txt"),
    }
    assert [name for name in let_in if not (PROJECT_ROOT / name).exists()] == []
