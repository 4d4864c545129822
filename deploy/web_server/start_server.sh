#!/bin/bash
# Starts the sample site as a daemon and remembers its pid in logs/server.pid. RAVELIN names the program to use.
set -eu
cd "$(dirname "$0")"

pid_file=logs/server.pid
if [ -f "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null; then
  echo "The server is running already (pid $(cat "$pid_file"))."
  exit 0
fi

ravelin=${RAVELIN:-}
if [ -z "$ravelin" ]; then
  if [ -x ../../build/ravelin ]; then
    ravelin=../../build/ravelin
  else
    ravelin=$(command -v ravelin) || {
      echo "start_server.sh: no ravelin in ../../build or on the PATH; set RAVELIN to the program" >&2
      exit 1
    }
  fi
fi

if ! "$ravelin" web_server_conf.js --daemon >"$pid_file.new"; then
  rm -f "$pid_file.new"
  echo "start_server.sh: the server could not be started; the reason is above" >&2
  exit 1
fi
mv "$pid_file.new" "$pid_file"
echo "Server has been started (pid $(cat "$pid_file"))."
