"""Python, run as a program of its own."""

import subprocess
import sys
from pathlib import Path

from include.settings import PROJECT_ROOT


def run_python(*arguments: str, folder: Path = PROJECT_ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments and return how it ended and what it said."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
