#!/bin/sh
# Types and all tests, in two lanes: the tests of devices and whole programs, which mostly wait for sound to pass in real
# time, and beside them, standing back, what only computes. run_tests.sh PYTHON [pytest's words]; TYPES=no leaves them out.
python=$1
shift
report=$(mktemp)
beside() { # ends with the shell that runs it
  nice -n 10 "$python" -m "$@" &
  trap 'kill $! 2>/dev/null; exit 143' INT TERM
  wait $!
}
compute() {
  typed=0
  [ "${TYPES:-yes}" = no ] || beside mypy --no-error-summary || typed=1
  beside pytest -q -p no:cacheprovider --ignore=tests/devices --ignore=tests/e2e "$@" && [ "$typed" = 0 ]
}
compute "$@" >"$report" 2>&1 &
computing=$!
trap 'kill "$computing" 2>/dev/null; rm -f "$report"; exit 130' INT TERM
"$python" -m pytest -q tests/devices tests/e2e "$@"
live=$?
echo "==> types, and the tests that only compute"
wait "$computing"
computed=$?
cat "$report"
rm -f "$report"
[ "$live" = 0 ] && [ "$computed" = 0 ]
