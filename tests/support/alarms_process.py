"""An evaluator in a process of its own, for a test to kill: `python -m tests.support.alarms_process`."""

import json
import os
import sys
import time
from datetime import datetime

from include.alarms.evaluator import Evaluator
from include.settings import get_settings
from tests.support.alarms import SetProgress


def main() -> None:
    """Look and keep in turn, as fast as can be; the progress is given as an argument."""
    progress = SetProgress()
    progress.until = datetime.fromisoformat(sys.argv[1])
    evaluator = Evaluator(get_settings(), progress, holder=f"test:{os.getpid()}")
    evaluator.begin()
    evaluator.look()
    print(json.dumps({"epoch": evaluator.epoch}), flush=True)  # noqa: T201 - the test waits for it
    while True:
        for _ in range(3):
            evaluator.look()
            time.sleep(0.002)
        evaluator.keep()


if __name__ == "__main__":
    main()
