#!/bin/sh
# smart-turn v3.2 and the reference of its features, for tests and benchmarks only: out of the pipecat-ai package, of
# which nothing is installed. Never fails: where it cannot be had the tests that need it say so and are skipped.
folder="$(dirname "$0")/../build/smart-turn"
python="${1:-python3}"
[ -s "$folder/smart-turn-v3.2-cpu.onnx" ] && [ -s "$folder/_whisper_features.py" ] && exit 0
work="$(mktemp -d)" || exit 0
trap 'rm -rf "$work"' EXIT
echo "==> fetching smart-turn for the tests (12 MB)"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" \
  'pipecat-ai>=1.14' >/dev/null 2>&1 || { echo "smart-turn cannot be fetched: its tests are skipped"; exit 0; }
"$python" - "$work" "$folder" <<'PYTHON' || echo "the pipecat-ai package has no smart-turn v3.2: its tests are skipped"
import hashlib, pathlib, sys, zipfile

SHA256 = "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f"
work, folder = map(pathlib.Path, sys.argv[1:])
inside = "pipecat/audio/turn/smart_turn/"
with zipfile.ZipFile(next(work.glob("pipecat_ai*.whl"))) as wheel:
    model = wheel.read(inside + "data/smart-turn-v3.2-cpu.onnx")
    reference = wheel.read(inside + "_whisper_features.py")
if hashlib.sha256(model).hexdigest() != SHA256:
    sys.exit("another smart-turn than the one we know")
folder.mkdir(parents=True, exist_ok=True)
(folder / "_whisper_features.py").write_bytes(reference)
(folder / "smart-turn-v3.2-cpu.onnx").write_bytes(model)
PYTHON
