"""The stream without its alarms, for the bench alone: what it stores the alarms never hear of.

spark-submit --properties-file spark_jobs/spark-defaults.conf tools/bench/bare_heartbeat_stream.py [--drain]
"""

import sys
from pathlib import Path

# spark-submit puts only this file's own folder on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from spark_jobs.heartbeat_stream import main

if __name__ == "__main__":
    sys.exit(main(feeds_alarms=False))
