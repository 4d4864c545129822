#!/bin/bash
# Stops the sample site that start_server.sh started, and waits until it is gone.
set -eu
cd "$(dirname "$0")"

pid_file=logs/server.pid
if [ ! -f "$pid_file" ]; then
  echo "The server is not running."
  exit 0
fi
pid=$(cat "$pid_file")

# A pid file may have outlived its server, and the number may be someone else's by now.
if ! tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q ravelin; then
  rm -f "$pid_file"
  echo "The server is not running."
  exit 0
fi

kill -TERM "$pid"
for _ in $(seq 150); do
  if ! kill -0 "$pid" 2>/dev/null; then
    rm -f "$pid_file"
    echo "Server has been stopped."
    exit 0
  fi
  sleep 0.1
done
echo "stop_server.sh: process $pid has not ended within 15 seconds of SIGTERM" >&2
exit 1
