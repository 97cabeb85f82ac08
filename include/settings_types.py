"""The kinds of values that settings have: paths, ports, addresses; each refuses what cannot be used."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

PROJECT_ROOT = Path(__file__).resolve().parent.parent
MOST_PORT = 65535
# What SPARK_MASTER begins with where it names a standalone cluster.
CLUSTER_SCHEME = "spark://"


def _from_root(path: Path) -> Path:
    try:
        path = path.expanduser()
    except RuntimeError:
        raise ValueError("this account has no home folder: name a whole path") from None
    return path if path.is_absolute() else PROJECT_ROOT / path


def _present(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("there is no such file")
    return path


def _of_its_own(folder: Path) -> Path:
    """Refuse what holds more than a stack ever wrote: `make clean-stack` deletes in there."""
    real = Path(os.path.realpath(folder))
    taken = [PROJECT_ROOT]
    with suppress(RuntimeError):  # this account has no home folder
        taken.append(Path.home())
    for other in taken:
        if Path(os.path.realpath(other)).is_relative_to(real):
            raise ValueError(f"{folder} is or holds {other}: name a folder that is for the stack alone")
    return folder


def _with_ports(addresses: str) -> str:
    """Refuse an address whose port is none; several are separated by commas."""
    for address in addresses.split(","):
        port = address.rpartition(":")[2]
        if not (port.isascii() and port.isdigit() and 1 <= int(port) <= MOST_PORT):
            raise ValueError(f"{address} must end with a port from 1 to {MOST_PORT}")
    return addresses


def _of_a_cluster_with_ports(master: str) -> str:
    if master.startswith(CLUSTER_SCHEME):
        _with_ports(master.removeprefix(CLUSTER_SCHEME))
    return master


Port = Annotated[int, Field(ge=1, le=MOST_PORT)]
Days = Annotated[int, Field(ge=1, le=3650)]
Addresses = Annotated[str, AfterValidator(_with_ports)]
Master = Annotated[str, AfterValidator(_of_a_cluster_with_ports)]
PolicyName = Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
AbsolutePath = Annotated[Path, AfterValidator(_from_root)]
StackFolder = Annotated[AbsolutePath, AfterValidator(_of_its_own)]
PresentFile = Annotated[AbsolutePath, AfterValidator(_present)]
