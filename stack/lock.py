"""A maintainer's tool: `python -m stack.lock` resolves the jars anew and writes `jars.lock`."""

import json
import tempfile
from pathlib import Path

from include.stream.java import find_java
from stack import ivy
from stack.ivy import Coordinates
from stack.jars import LOCK_FILE, sha256_of

# The broker's own dependencies leave out the bridge to Log4j; without it Kafka writes no log at all.
ROOTS = (
    Coordinates("org.apache.kafka", "kafka_2.13", "4.4.0"),
    Coordinates("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5"),
)
PATTERN = "[organisation]/[artifact]/[revision]/[artifact]-[revision].[ext]"


def main() -> None:
    """Resolve the jars and replace the lock."""
    java = find_java().program
    with tempfile.TemporaryDirectory() as folder:
        locked = _resolved(Path(folder), java)
    LOCK_FILE.write_text(json.dumps(locked, indent=2) + "\n")


def _resolved(folder: Path, java: Path) -> list[dict[str, str | int]]:
    target = folder / "jars"
    ivy.resolve(
        ROOTS,
        java=java,
        cache=folder / "cache",
        with_dependencies=True,
        retrieve_to=str(target / PATTERN),
    )
    return [_entry(file) for file in sorted(target.glob("*/*/*/*.jar"))]


def _entry(file: Path) -> dict[str, str | int]:
    group, name, version = file.parts[-4:-1]
    return {
        "group": group,
        "name": name,
        "version": version,
        "sha256": sha256_of(file),
        "size_bytes": file.stat().st_size,
    }


if __name__ == "__main__":
    main()
