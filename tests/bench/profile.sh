#!/bin/sh
# Where the CPU of one server goes: starts it with the measured site, loads it with wrk and records all its processes.
#   tests/bench/profile.sh [SERVER [PATH [CONNECTIONS]]]      e.g.  tests/bench/profile.sh ravelin /hello 64
# Needs perf (Debian linux-perf). In a virtual machine without hardware counters perf samples the CPU clock.
set -eu
server=${1:-ravelin}
path=${2:-/hello}
connections=${3:-64}
here=$(dirname "$(readlink -f "$0")")
seconds=5

command -v perf >/dev/null || { echo "perf is not installed (apt-get install linux-perf)" >&2; exit 1; }
folder=$(mktemp -d /tmp/ravelin-profile-XXXXXX)
: >"$folder/serve"
/usr/bin/python3 "$here/run.py" --serve "$server" >"$folder/serve" 2>&1 &
serve=$!
trap 'kill "$serve" 2>/dev/null || true; wait "$serve" 2>/dev/null || true; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

until grep -q '^pids' "$folder/serve"; do
    kill -0 "$serve" 2>/dev/null || { cat "$folder/serve" >&2; exit 1; }
    sleep 0.1
done
url=$(sed -n 's/^url //p' "$folder/serve")
pids=$(sed -n 's/^pids //p' "$folder/serve" | tr ' ' ,)

wrk -t1 -c"$connections" -d1s "$url$path" >/dev/null
wrk -t1 -c"$connections" -d"$((seconds + 1))s" "$url$path" >"$folder/wrk" &
load=$!
perf record -q -F 997 -g -p "$pids" -o "$folder/perf" -- sleep "$seconds"
wait "$load"
grep -E 'Requests/sec|Non-2xx|Socket errors' "$folder/wrk"
perf report -i "$folder/perf" --no-children --stdio -g none --percent-limit 0.5 --sort comm,dso,symbol 2>/dev/null |
    sed -e '/^#/d' -e '/^$/d' -e 's/  *[- ]*$//'
