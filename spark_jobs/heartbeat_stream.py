"""Consume the topic into PostgreSQL until stopped: one launch of the stream.

    spark-submit --properties-file spark_jobs/spark-defaults.conf spark_jobs/heartbeat_stream.py [--drain]

Exit codes: 0 stopped as asked, or drained; 2 bad settings; 3 superseded by a newer launch; 4 topic replaced;
5 stalled; 6 the query failed; 1 anything else.
"""

import argparse
import sys
from pathlib import Path

# spark-submit puts only this file's own folder on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from include.errors import HeartbeatError
from include.log import configure_logging, get_logger
from include.settings import get_settings
from include.surroundings import settle_in_spark
from spark_jobs.launch import launch_stream


def main(*, feeds_alarms: bool = True) -> int:
    """Run one launch and return the exit code; without alarms only for the bench."""
    parser = argparse.ArgumentParser(prog="heartbeat_stream.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--drain", action="store_true", help="stop when all is consumed that is there at the start"
    )
    arguments = parser.parse_args()
    settle_in_spark()
    try:
        settings = get_settings()
        configure_logging(log_format=settings.log.format, level=settings.log.level)
        launch_stream(settings, drain=arguments.drain, feeds_alarms=feeds_alarms)
    except HeartbeatError as error:
        get_logger().error("stream_ended", reason=type(error).__name__, message=str(error))
        return error.exit_code
    get_logger().info("stream_stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
