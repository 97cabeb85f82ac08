"""Every disk that the stack writes to is looked at, and the tightest is told."""

import shutil
from pathlib import Path

import pytest

from include.health.disks import tightest_disk, watched_folders
from include.settings import Settings

SHARED_MEMORY = Path("/dev/shm")


@pytest.mark.parametrize("part", ["postgres", "kafka", "airflow", "logs"])
def test_a_part_that_lies_on_another_disk_behind_a_link_is_looked_at(part: str, tmp_path: Path) -> None:
    settings = Settings(stack_dir=tmp_path / "stack")
    settings.stack.dir.mkdir()
    (settings.stack.dir / part).symlink_to(SHARED_MEMORY)

    assert watched_folders(settings) == [settings.stack.dir, SHARED_MEMORY]
    tightest = min(watched_folders(settings), key=lambda folder: shutil.disk_usage(folder).free)
    assert tightest_disk(settings).folder == tightest


def test_a_stack_that_is_not_there_yet_is_measured_where_it_will_lie(tmp_path: Path) -> None:
    disk = tightest_disk(Settings(stack_dir=tmp_path / "not" / "yet"))

    assert disk.folder == tmp_path
    assert disk.free_bytes > 0
