#!/bin/sh
# Install what the tests need of the machine besides Python's packages, as far as it is missing: Chromium for the live
# page, and Docker's own Compose to check docker-compose.yml.
set -eu

if [ ! -x /usr/bin/chromium ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "error: the tests of the live page need /usr/bin/chromium: install it (apt-get install chromium on Debian)," >&2
        echo "then run this again; 'make unit' needs neither browser nor servers" >&2
        exit 1
    fi
    echo "installing chromium" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
"$(dirname "$0")/install-compose-checker.sh"
