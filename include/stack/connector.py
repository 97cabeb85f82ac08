"""Put Spark's Kafka connector, as locked, beside Spark's own jars: all that an image needs whose servers run elsewhere.

python -m include.stack.connector CACHE_FOLDER
"""

import sys
from pathlib import Path

from include.stack.jars import fetch_jars, install_spark_connector, locked_jars
from include.stack.java import find_java


def main() -> None:
    """Fetch the jars into the cache folder, which Spark's folder then links to."""
    cache = Path(sys.argv[1])
    fetch_jars(locked_jars()["spark"], cache, java=find_java().program)
    install_spark_connector(cache)


if __name__ == "__main__":
    main()
