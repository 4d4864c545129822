#!/bin/bash
# Runs every test of one build: the unit tests, then pytest twice. All run even if the first fails; the closing lines of
# all are the last thing printed; the exit code is zero only if all passed. Called by `make test`, which sets BUILD, SAN
# and PYTHON. Arguments go to pytest.
set -u
cd "$(dirname "$0")/../.."

: "${BUILD:=build}" "${SAN:=}" "${PYTHON:=/usr/bin/python3}"
export RAVELIN_BUILD="$PWD/$BUILD" RAVELIN_SAN="$SAN" PYTHONDONTWRITEBYTECODE=1
if [ -n "$SAN" ]; then
  # Sanitizer builds are several times slower: every time limit of the harness is multiplied by this.
  export RAVELIN_TEST_SLOW="${RAVELIN_TEST_SLOW:-4}"
  export ASAN_OPTIONS="${ASAN_OPTIONS:-allocator_may_return_null=1}"
  export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}"
  export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1}"
fi

unit_log=$BUILD/unit-tests.log
pytest_log=$BUILD/pytest.log
set -o pipefail

"$BUILD/unit-tests" --gtest_brief=1 2>&1 | tee "$unit_log"
unit_status=$?

# The tests of requests and sites wait more than they compute, and run side by side; those of processes measure time.
run_pytest() {
  local log=$1
  shift
  "$PYTHON" -m pytest -c tests/pytest.ini --rootdir tests "$@" 2>&1 | tee "$log"
}
run_pytest "$pytest_log.sites" -n 2 tests/http tests/sites "$@"
sites_status=$?
run_pytest "$pytest_log" tests --ignore tests/http --ignore tests/sites "$@"
pytest_status=$?
if [ $# -gt 0 ]; then  # what the arguments select may all be in one of the two
  [ "$sites_status" = 5 ] && sites_status=0
  [ "$pytest_status" = 5 ] && pytest_status=0
fi

echo
echo "unit tests (exit code $unit_status):"
grep -E '^\[(==========|  PASSED  |  FAILED  |  SKIPPED )\]' "$unit_log" || tail -n 3 "$unit_log"
echo "pytest of http and sites (exit code $sites_status):"
tail -n 1 "$pytest_log.sites"
echo "pytest of the rest (exit code $pytest_status):"
tail -n 1 "$pytest_log"

[ "$unit_status" = 0 ] && [ "$sites_status" = 0 ] && [ "$pytest_status" = 0 ]
