"""A maintainer's tool: `python -m tools.jar_lock` resolves the broker's jars anew and writes `stack/jars.lock`.

It runs the Ivy that ships inside pyspark; IVY_SETTINGS_FILE names Ivy settings of your own. What else a network needs
goes into JAVA_TOOL_OPTIONS, which every Java reads.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from include.stream.java import find_java
from stack.jars import LOCK_FILE, ivy_jar, sha256_of

# Group, name, version. The broker's own dependencies leave out the bridge to Log4j: without it Kafka writes no log.
ROOTS = (
    ("org.apache.kafka", "kafka_2.13", "4.4.0"),
    ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5"),
)
PATTERN = "[organisation]/[artifact]/[revision]/[artifact]-[revision].[ext]"
SETTINGS_KEY = "IVY_SETTINGS_FILE"
SETTINGS = """\
<ivysettings>
  <settings defaultResolver="central"/>
  <resolvers><ibiblio name="central" m2compatible="true" checkmodified="false"/></resolvers>
</ivysettings>
"""
MODULE = """\
<ivy-module version="2.0">
  <info organisation="heartbeat" module="stack"/>
  <dependencies>
{dependencies}
  </dependencies>
</ivy-module>
"""


def main() -> None:
    """Resolve the jars and replace the lock."""
    with tempfile.TemporaryDirectory() as folder:
        locked = resolved(Path(folder), ROOTS)
    LOCK_FILE.write_text(json.dumps(locked, indent=2) + "\n")


def resolved(folder: Path, roots: tuple[tuple[str, str, str], ...]) -> list[dict[str, str | int]]:
    """Return the roots and all that they depend on, as the lock names them; `folder` takes the jars meanwhile."""
    module, settings, target = folder / "ivy.xml", folder / "settings.xml", folder / "jars"
    lines = (
        f'    <dependency org="{group}" name="{name}" rev="{version}" conf="default->default"/>'
        for group, name, version in roots
    )
    module.write_text(MODULE.format(dependencies="\n".join(lines)))
    settings.write_text(SETTINGS)
    command = [str(find_java().program), "-cp", str(ivy_jar()), "org.apache.ivy.Main", "-warn"]
    command += ["-settings", os.environ.get(SETTINGS_KEY, str(settings)), "-ivy", str(module)]
    command += ["-cache", str(folder / "cache"), "-types", "jar", "bundle"]
    command += ["-retrieve", str(target / PATTERN)]
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit("the jars could not be resolved: Ivy says above why")
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
