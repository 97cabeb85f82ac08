"""A maintainer's tool: `python -m include.stack.lock` resolves the jars anew and writes `jars.lock`."""

import json
import tempfile
from pathlib import Path

from include.stack import ivy
from include.stack.ivy import Coordinates
from include.stack.jars import LOCK_FILE, JarSet, sha256_of
from include.stack.java import find_java

# The broker's own dependencies leave out the bridge to Log4j; without it Kafka writes no log at all.
ROOTS: dict[JarSet, tuple[Coordinates, ...]] = {
    "kafka": (
        Coordinates("org.apache.kafka", "kafka_2.13", "4.4.0"),
        Coordinates("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5"),
    ),
    "spark": (Coordinates("org.apache.spark", "spark-sql-kafka-0-10_2.13", "4.2.0"),),
}
PATTERN = "[organisation]/[artifact]/[revision]/[artifact]-[revision].[ext]"


def main() -> None:
    """Resolve every set and replace the lock."""
    java = find_java().program
    with tempfile.TemporaryDirectory() as folder:
        locked = {name: _resolved(name, Path(folder), java) for name in ROOTS}
    shipped = {file.name for file in ivy.spark_jars_folder().glob("*.jar") if not file.is_symlink()}
    locked["spark"] = [jar for jar in locked["spark"] if not _ships(jar, shipped)]
    LOCK_FILE.write_text(json.dumps(locked, indent=2) + "\n")


def _resolved(name: JarSet, folder: Path, java: Path) -> list[dict[str, str | int]]:
    target = folder / name
    ivy.resolve(
        ROOTS[name],
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


def _ships(jar: dict[str, str | int], shipped: set[str]) -> bool:
    """Tell whether pyspark brings the jar itself, in whatever version it was built with."""
    stem = f"{jar['name']}-"
    return any(name.startswith(stem) and name.removeprefix(stem)[:1].isdigit() for name in shipped)


if __name__ == "__main__":
    main()
