"""The disks that matter on this machine: a full one stops the stack, whichever of its parts writes to it."""

import shutil
from pathlib import Path

from include.health.types import Disk
from include.places import Place
from include.settings import Settings

# Below STACK_DIR. Each may be a link to another disk, as the database's is where its account cannot get in here.
PARTS = (Place.POSTGRES, Place.KAFKA, Place.AIRFLOW, Place.LOGS)


def tightest_disk(settings: Settings) -> Disk:
    """Return the disk with the least free space among those that the stack writes to.

    What runs on another machine or in another container is not seen from here.
    """
    disks = [Disk(folder, shutil.disk_usage(folder).free) for folder in watched_folders(settings)]
    return min(disks, key=lambda disk: disk.free_bytes)


def watched_folders(settings: Settings) -> list[Path]:
    """Return where the data really lie, or will once they are made."""
    folders = [settings.stack.dir, *(settings.stack.at(part) for part in PARTS)]
    existing = (next(path for path in (folder, *folder.parents) if path.exists()) for folder in folders)
    return list(dict.fromkeys(path.resolve() for path in existing))
