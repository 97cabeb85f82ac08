#!/bin/sh
# Install the linter of the page's JavaScript into node_modules: the packages of package-lock.json, each by its checksum.
set -eu
cd "$(dirname "$0")/.."

if ! command -v npm >/dev/null; then
    echo "error: npm was not found, and 'make lint' checks the page's JavaScript with it: install Node 18 or later" >&2
    exit 1
fi
echo "installing the linter of the page's JavaScript" >&2
npm ci --ignore-scripts --no-audit --no-fund --silent
# npm keeps the times of its files: make would install again and again.
touch node_modules/.package-lock.json
