#!/bin/sh
# Install what checks the page's JavaScript and the contract: the packages of package-lock.json, each by its checksum.
set -eu
cd "$(dirname "$0")/.."

if ! command -v npm >/dev/null; then
    echo "error: 'make lint' checks the page's JavaScript and the contract with npm's packages: install Node.js 20 or newer" >&2
    exit 1
fi
echo "installing what checks the page's JavaScript and the contract" >&2
npm ci --ignore-scripts --no-audit --no-fund --silent
# npm keeps the times of its files: make would install again and again.
touch node_modules/.package-lock.json
