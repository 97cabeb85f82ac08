#!/bin/sh
# Install Docker's own Compose, the checker of docker-compose.yml in tests/deploy, from its Go module: no Docker needed.
# `scripts/install-compose-checker.sh --where` only prints the path of the program.
set -eu

version=v5.0.2
folder="${XDG_CACHE_HOME:-$HOME/.cache}/heartbeat-monitoring/compose-$version"
program="$folder/docker-compose"

if [ "${1:-}" = --where ]; then
    echo "$program"
    exit
fi
if [ -x "$program" ]; then
    exit
fi
if ! command -v go >/dev/null; then
    echo "error: Go was not found: install it (golang on Debian), then run this again" >&2
    exit 1
fi
echo "building Docker Compose $version, which takes a few minutes the first time" >&2
mkdir -p "$folder"
GOBIN="$folder" go install "github.com/docker/compose/v5/cmd@$version"
mv "$folder/cmd" "$program"
