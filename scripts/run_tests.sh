#!/bin/sh
# Types and all tests, in two lanes: the tests of devices and whole programs, which mostly wait for sound to pass in real
# time, and beside them, standing back, what only computes. Of the first, up to three that fail are run once more when
# nothing computes beside them, and named. run_tests.sh PYTHON [pytest's words]; TYPES=no leaves the types out.
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
live() { # what failed before is forgotten first: only this run's failures may be asked again
  "$python" -m pytest -q --cache-clear tests/devices tests/e2e "$@"
}
alone() { # a test that lacked the processor passes now; one that found something fails again
  failed=$("$python" -c 'import json; print(*json.load(open(".pytest_cache/v/cache/lastfailed")), sep="\n")')
  [ "$(echo "$failed" | wc -l)" -le 3 ] || return 1
  printf '==> failed, and run once more, alone:\n%s\n' "$failed"
  "$python" -m pytest -q --last-failed --last-failed-no-failures none tests/devices tests/e2e "$@"
}
compute "$@" >"$report" 2>&1 &
computing=$!
trap 'kill "$computing" 2>/dev/null; rm -f "$report"; exit 130' INT TERM
live "$@"
lived=$?
echo "==> types, and the tests that only compute"
wait "$computing"
computed=$?
cat "$report"
rm -f "$report"
[ "$lived" != 1 ] || { alone "$@" && lived=0; }
[ "$lived" = 0 ] && [ "$computed" = 0 ]
