#!/bin/bash
# Runs every test of one build: the unit tests, then pytest. Both run even if the first fails; the closing lines of both
# are the last thing printed; the exit code is zero only if both passed. Called by `make test`, which sets BUILD, SAN
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

"$PYTHON" -m pytest -c tests/pytest.ini --rootdir tests tests "$@" 2>&1 | tee "$pytest_log"
pytest_status=$?

echo
echo "unit tests (exit code $unit_status):"
grep -E '^\[(==========|  PASSED  |  FAILED  |  SKIPPED )\]' "$unit_log" || tail -n 3 "$unit_log"
echo "pytest (exit code $pytest_status):"
tail -n 1 "$pytest_log"

[ "$unit_status" = 0 ] && [ "$pytest_status" = 0 ]
