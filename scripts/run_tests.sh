#!/bin/sh
# Types and all tests, in two lanes: the tests of devices and whole programs, which mostly wait for sound to pass in real
# time, and beside them, standing back, what only computes. run_tests.sh PYTHON [pytest's words]; TYPES=no leaves them out.
python=$1
shift
report=$(mktemp)
compute() {
  typed=0
  [ "${TYPES:-yes}" = no ] || nice -n 10 "$python" -m mypy --no-error-summary || typed=1
  nice -n 10 "$python" -m pytest -q -p no:cacheprovider --ignore=tests/devices --ignore=tests/e2e "$@" && [ "$typed" = 0 ]
}
compute "$@" >"$report" 2>&1 &
beside=$!
trap 'kill "$beside" 2>/dev/null; rm -f "$report"; exit 130' INT TERM
"$python" -m pytest -q tests/devices tests/e2e "$@"
live=$?
echo "==> types, and the tests that only compute"
wait "$beside"
computed=$?
cat "$report"
rm -f "$report"
[ "$live" = 0 ] && [ "$computed" = 0 ]
