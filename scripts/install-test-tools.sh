#!/bin/sh
# Install what the tests need of the machine besides Python's packages, as far as it is missing: Chromium for the live
# page, and Docker's own Compose to check docker-compose.yml; for the word "faults" faketime, which moves the database's
# clock.
set -eu

install_package() { # program, package
    [ -x "$1" ] && return
    root=""
    if [ "$(id -u)" -ne 0 ]; then root="sudo -n"; fi
    if ! command -v apt-get >/dev/null || ! $root true 2>/dev/null; then
        echo "error: the tests need $1: install it (apt-get install $2 on Debian)," >&2
        echo "then run this again; 'make unit' needs neither browser nor servers" >&2
        exit 1
    fi
    echo "installing $2" >&2
    $root apt-get update -qq
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

if [ "${1-}" = faults ]; then
    install_package /usr/bin/faketime faketime
    exit
fi
install_package /usr/bin/chromium chromium
"$(dirname "$0")/install-compose-checker.sh"
