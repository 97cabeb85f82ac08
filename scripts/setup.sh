#!/bin/sh
# Bring the virtual environment up to date: `scripts/setup.sh` for what runs, `scripts/setup.sh dev` for the tools too.
# Every package comes from a hashed file; nothing is installed again while those files stay as they are.
set -eu

cd "$(dirname "$0")/.."
venv=.venv
stamp="$venv/.installed"
is_fresh=no
# What the shell holds for another Python: uv would install into an environment that is activated, not into ours.
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV CONDA_PREFIX UV_PYTHON UV_SYSTEM_PYTHON UV_TARGET UV_PREFIX
unset PIP_USER PIP_TARGET PIP_PREFIX

fail() {
    echo "error: $1" >&2
    exit 1
}

is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null && is_supported "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 was not found: install one, or name it: make setup PYTHON=/path/to/python"
}

create_venv() {
    if [ -x "$venv/bin/python" ] && is_supported "$venv/bin/python"; then
        return
    fi
    python=$(find_python)
    echo "creating $venv with $("$python" --version)" >&2
    rm -rf "$venv"
    "$python" -m venv "$venv" || fail "no virtual environment could be made: install Python's venv (python3-venv on Debian)"
}

# What the installed packages follow from: the Python and the files, in the order in which they were installed.
fingerprint() {
    { "$venv/bin/python" --version && cat requirements-uv.txt "$@"; } | "$venv/bin/python" -c \
        'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

install_files() {
    wanted=$(fingerprint "$@")
    if [ -f "$stamp" ] && grep -qxF "$wanted" "$stamp"; then
        return
    fi
    echo "installing packages into $venv, which usually takes one to two minutes the first time" >&2
    is_fresh=yes
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
    for file in "$@"; do
        "$venv/bin/python" -m uv pip install --require-hashes -r "$file"
    done
    echo "$wanted" >>"$stamp"
}

# Once: each of Airflow's processes would otherwise compile the same files at its first start, and at every start where
# the shell has PYTHONDONTWRITEBYTECODE. What cannot be compiled is nothing that is imported.
compile_all() {
    if [ "$is_fresh" = yes ]; then
        "$venv/bin/python" -m compileall -qq "$venv"/lib/python3*/site-packages || true
    fi
    # The stream's way for many records, as machine code: at once where it is there, in six seconds where it is not.
    "$venv/bin/python" -m include.compiled ||
        echo "warning: the stream's compiled pass could not be made: it stores without it, at a fraction of its pace" >&2
}

# The broker comes over the network while a processor compiles.
fetch_and_compile() {
    compile_all &
    compiling=$!
    # What runs beside a script would go on after Ctrl-C.
    trap 'kill "$compiling" 2>/dev/null || true' EXIT
    trap 'exit 130' INT TERM
    if [ "$is_fresh" = yes ]; then
        echo "fetching what is missing and compiling the packages, which usually takes half a minute" >&2
    fi
    "$venv/bin/python" -m stack prepare
    wait "$compiling"
    trap - EXIT INT TERM
}

install_java_if_missing() {
    if "$venv/bin/python" -c 'from include.stream.java import find_java; find_java()' 2>/dev/null; then
        return
    fi
    echo "no Java 17 or later on this machine: installing one into $venv" >&2
    "$venv/bin/python" -m uv pip install --require-hashes -r requirements-java.txt
}

# `heartbeat` beside python: the command line from any folder, under a name that a shell can complete.
write_command() {
    printf '#!/bin/sh\nunset PYTHONHOME PYTHONPATH\nHEARTBEAT_COMMAND=heartbeat exec "%s/bin/python" "%s/main.py" "$@"\n' "$PWD/$venv" "$PWD" \
        >"$venv/bin/heartbeat"
    chmod +x "$venv/bin/heartbeat"
}

create_venv
write_command
install_files requirements.txt
if [ "${1:-}" = dev ]; then
    install_files requirements-dev.txt
fi
install_java_if_missing
fetch_and_compile
