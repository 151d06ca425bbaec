#!/bin/sh
# All tests, in two lanes: those of devices and whole programs, which mostly wait for sound to pass in real time, and
# beside them, standing back, those that only compute. run_tests.sh PYTHON [pytest's words]
python=$1
shift
report=$(mktemp)
nice -n 10 "$python" -m pytest -q -p no:cacheprovider --ignore=tests/devices --ignore=tests/e2e "$@" >"$report" 2>&1 &
beside=$!
trap 'kill "$beside" 2>/dev/null; rm -f "$report"; exit 130' INT TERM
"$python" -m pytest -q tests/devices tests/e2e "$@"
live=$?
echo "==> tests that only compute"
wait "$beside"
computed=$?
cat "$report"
rm -f "$report"
[ "$live" = 0 ] && [ "$computed" = 0 ]
