#!/usr/bin/env bash
# Runs every test. Makes what they need first: a virtual environment with luigi in target/luigi,
# strace, bindfs, faketime, tmux, jq, lnav, zstd and chromium. Says before it installs anything.
#
#   ./tests/run.sh                               everything, small storms (a few minutes)
#   PLANWATCH_TEST_SCALE=full ./tests/run.sh     the storms at the size the README promises
#   ./tests/run.sh --test live stop              arguments go to cargo test
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'tests/run.sh: %s\n' "$*" >&2; }

venv=target/luigi
python=${PLANWATCH_TEST_PYTHON:-$venv/bin/python}
has_luigi() { "$1" -c 'import luigi' 2>/dev/null; }

# Debian packages, where we may install them. Fails where we may not.
debian() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        return 1
    fi
    say "installing from Debian: $*"
    local quiet=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0)
    "${quiet[@]}" install "$@" >&2 || { "${quiet[@]}" update >&2 && "${quiet[@]}" install "$@" >&2; }
}

make_venv() {
    python3 -m venv --clear "$venv" 2>/dev/null && return
    # Debian's Python comes without what a virtual environment's pip is made from.
    say "python3 -m venv does not work here"
    debian python3-venv && python3 -m venv --clear "$venv" && return
    say "trying without its own pip"
    python3 -m venv --clear --without-pip "$venv"
}

if ! has_luigi "$python"; then
    if [ -n "${PLANWATCH_TEST_PYTHON:-}" ]; then
        say "PLANWATCH_TEST_PYTHON=$python cannot import luigi"
        exit 1
    fi
    command -v python3 >/dev/null || { say "Python 3 is needed: apt install python3 python3-venv"; exit 1; }
    say "making a virtual environment in $venv and installing luigi into it with pip"
    mkdir -p target
    make_venv
    if "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m pip install --quiet --disable-pip-version-check luigi
    else
        python3 -m pip --python "$python" install --quiet --disable-pip-version-check luigi
    fi
    has_luigi "$python" || { say "luigi could not be installed"; exit 1; }
fi
export PLANWATCH_TEST_PYTHON=${PLANWATCH_TEST_PYTHON:-$PWD/$python}

if ! command -v strace >/dev/null && ! debian strace; then
    say "strace is missing: the test that nothing happens while idle skips itself (apt install strace)"
fi

if ! command -v tmux >/dev/null && ! debian tmux; then
    say "tmux is missing: the test that operates the screen in it skips itself (apt install tmux)"
fi

for tool in bindfs faketime; do
    if ! command -v "$tool" >/dev/null && ! debian "$tool"; then
        say "$tool is missing: the faults that are made with it are not (apt install $tool)"
    fi
done

for tool in jq lnav zstd; do
    if ! command -v "$tool" >/dev/null && ! debian "$tool"; then
        say "$tool is missing: the tests that read logs with it skip themselves (apt install $tool)"
    fi
done

if ! command -v chromium >/dev/null && ! debian --no-install-recommends chromium; then
    say "chromium is missing: the test that looks at the page skips itself (apt install chromium)"
fi

if ! command -v ip >/dev/null && ! debian iproute2; then
    say "ip is missing: the test of a host that vanishes skips itself (apt install iproute2)"
fi

say "cargo test $*, PLANWATCH_TEST_SCALE=${PLANWATCH_TEST_SCALE:-small}"
exec cargo test --no-fail-fast "$@"
