"""Delete what a stack has made in its folder, and nothing that anybody else has put there."""

import shutil
from pathlib import Path

from include.places import Place
from include.settings import Settings
from stack.cluster import is_of_a_stack
from stack.locks import LOCK_NAME, delete_lock


def delete_stack(settings: Settings) -> list[Path]:
    """Delete a stopped stack whose lock is held, the lock last; return what is left, in the folder and behind links.

    The folder goes too where nothing else lies in it. Behind a link only what the stack itself has placed there goes.
    """
    folder = settings.stack.dir
    left = [path for place in Place for path in _delete(settings.stack.at(place))]
    others = sorted(path for path in folder.iterdir() if path.name != LOCK_NAME)
    delete_lock(folder)
    try:
        folder.rmdir()
    except OSError:  # something else lies there, another disk is mounted there, or it is a link
        return [*left, *others]
    return left


def _delete(path: Path) -> list[Path]:
    """Delete a folder, a file or a link; return where a link led, if what lies there stays."""
    left = []
    if path.is_symlink():
        target = path.resolve()
        if is_of_a_stack(target):
            shutil.rmtree(target, ignore_errors=True)
        elif target.exists():
            left.append(target)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return left
