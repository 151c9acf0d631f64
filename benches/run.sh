#!/usr/bin/env bash
# Measures planwatch beside every other tool that is installed and writes BENCHMARKS.md. Installs
# nothing: says which Debian packages the missing ones come in.
#
#   benches/run.sh [MiB [TABLE…]]    size of the logs that are read (2048); which of reading,
#                                    instructions, cost, window and gateway are measured (all)
set -euo pipefail
cd "$(dirname "$0")/.."
size=${1:-2048}
tables=${*:2}
tables=${tables:-reading instructions cost window gateway}

declare -A package=(
    [s6-log]=s6 [svlogd]=runit [multilog]=daemontools [ts]=moreutils [supervisord]=supervisor
    [tail]=coreutils [rg]=ripgrep [grep]=grep [jq]=jq [lnav]=lnav [zstd]=zstd [valgrind]=valgrind
    [journalctl]=systemd [conmon]=conmon [hl]="" [pueue]="" [pm2]=""
)

versions() {
    printf '| program | version |\n| --- | --- |\n'
    printf '| planwatch | %s, commit %s |\n' "$(cargo pkgid | sed 's/.*[#@]//')" "$(git rev-parse --short HEAD)"
    local program version
    for program in $(printf '%s\n' "${!package[@]}" | sort); do
        if ! command -v "$program" >/dev/null; then
            printf '| %s | not installed |\n' "$program"
            continue
        fi
        version=$(dpkg-query -W -f='${Version}' "${package[$program]:-none}" 2>/dev/null) ||
            version=$("$program" --version 2>/dev/null | head -1) || version=unknown
        printf '| %s | %s |\n' "$program" "$version"
    done
}

text() {
    printf '## %s\n\n```text\n' "$1"
    cargo bench --quiet "${@:2}"
    printf '```\n'
}

machine() {
    local model memory
    model=$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)
    memory=$(awk '/MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo)
    printf '%s, %s processors, %s, Linux %s, %s on %s. Load when it began: %s.\n' \
        "$model" "$(nproc)" "$memory" "$(uname -r)" "$(stat -f -c %T "${TMPDIR:-/tmp}")" \
        "${TMPDIR:-/tmp}" "$(cut -d' ' -f1-3 /proc/loadavg)"
}

for program in "${!package[@]}"; do
    command -v "$program" >/dev/null ||
        echo "benches/run.sh: $program is not installed${package[$program]:+ (apt install ${package[$program]})}: its rows are missing" >&2
done

new=$(mktemp)
trap 'rm -f "$new"' EXIT
{
    cat <<INTRO
# Benchmarks

Written by \`benches/run.sh $size\` on $(date -u +%F). What each table means and what we hold ourselves
to stands in [benches/README.md](benches/README.md).

Every program works on the same input in the same run, taking turns; figures are medians, the first
round warms up and is not counted. Compare ratios, not milliseconds, and not across machines.

$(machine)

$(versions)

INTRO
    for table in $tables; do
        case $table in
            reading) cargo bench --quiet --bench reading -- "$size" ;;
            instructions) cargo bench --quiet --bench instructions ;;
            cost) text 'Recording, following, the screen, the queue' --bench cost ;;
            window) text 'The screen' --bench window -- "$size" ;;
            gateway) text 'The gateway' --bench gateway ;;
            *) echo "benches/run.sh: there is no table $table" >&2 && exit 2 ;;
        esac
        printf '\n'
    done
} >"$new"
cp "$new" BENCHMARKS.md
echo "benches/run.sh: wrote BENCHMARKS.md" >&2
