from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import FakeHub, Fault
from store_bench import VOICE_FILES, Bench, content, fill
from typer.testing import CliRunner, Result

from localvoice.commands import models as command
from localvoice.errors import ConfigError, LocalVoiceError, ModelError
from localvoice.model_store.catalogue import Tier, read_catalogue
from localvoice.model_store.offer import Recommendation
from localvoice.tiers import random_llama, random_whisper
from localvoice.tiers.known_speeds import KnownSpeeds, tier_here
from localvoice.tiers.speeds import recommended
from tests.waiting import wait_until

SCRIPT = Path(__file__).parents[2] / "scripts" / "download_models.py"
TURN = "/pipecat-ai/smart-turn-v3/resolve/f766f81d3cfdf7737ac64aad813d91bbfd56bf93/smart-turn-v3.2-cpu.onnx"


@pytest.fixture
def root(tmp_path: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store of the real catalogue, on a hub of ours."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOCALVOICE_MODELS", str(tmp_path / "store"))
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    for model in read_catalogue():
        for file in model.files:
            path = f"/{model.repo}/resolve/{model.revision}/{file.path}"
            hub.files[path] = content(50_000 if file.sha256 else 200, len(path))
            if not file.sha256:
                hub.small.add(path)
    return tmp_path / "store"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.app, list(arguments))


def refused(*arguments: str) -> LocalVoiceError:
    error = run(*arguments).exception
    assert isinstance(error, LocalVoiceError)
    return error


def test_the_list_shows_every_model_without_escapes(root: Path) -> None:
    result = run()
    assert result.exit_code == 0
    assert result.stdout == run("list").stdout
    assert all(model.name in result.stdout for model in read_catalogue())
    assert "\x1b" not in result.stdout
    assert "10 million USD" in result.stdout


def test_the_list_as_json_says_what_is_here(root: Path) -> None:
    fill(root / "llm" / "mine", {"weights.gguf": b"GGUF"})
    run("download", "smart-turn-v3.2", "--yes")
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert rows["smart-turn-v3.2"]["installed"] is True
    assert rows["smart-turn-v3.2"]["bytes"] == 50_000
    assert rows["base.en"]["installed"] is False
    assert rows["base.en"]["bytes"] == 145_216_508
    assert rows["mine"]["path"] == str(root / "llm" / "mine" / "weights.gguf")
    assert {tuple(row) for row in rows.values()} == {tuple(rows["base.en"])}


def test_download_without_a_name_fetches_the_small_tier(root: Path) -> None:
    result = run("download", "--yes")
    assert result.exit_code == 0, result.output
    here = {row["name"] for row in json.loads(run("--json").stdout) if row["installed"]}
    assert here == {"base.en", "qwen3-0.6b", "en_US-norman-medium", "smart-turn-v3.2"}
    assert "Apache-2.0" in result.stderr
    assert "going by the server" in result.stderr
    assert "here already" in run("download").stdout


def test_the_tier_auto_is_that_of_this_machine(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standard = Recommendation(Tier.STANDARD, "measured")
    monkeypatch.setattr("localvoice.tiers.known_speeds.tier_here", lambda: (standard, True))
    assert run("download", "--tier", "auto", "--yes").exit_code == 0
    names = [model.name for model in read_catalogue().tier(Tier.STANDARD)]
    assert sorted(folder.name for folder in root.glob("*/*")) == sorted(names)


def test_an_unknown_tier_is_wrong_use(root: Path) -> None:
    error = refused("download", "--tier", "huge")
    assert isinstance(error, ConfigError)
    assert "small, standard, large or auto" in str(error)


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_download_offline_is_wrong_use(root: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "variable":
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    error = refused("download", "--yes", *(["--offline"] if how == "flag" else []))
    assert isinstance(error, ConfigError)
    assert not hub.requests


def test_verify_names_the_corrupt_file_and_the_repair(root: Path) -> None:
    run("download", "smart-turn-v3.2", "--yes")
    assert "smart-turn-v3.2: verified" in run("verify").stdout
    path = Path(run("path", "smart-turn-v3.2").stdout.strip())
    path.write_bytes(bytes(path.stat().st_size))
    error = refused("verify")
    assert isinstance(error, ModelError)
    assert str(path) in str(error)
    assert "`localvoice models download smart-turn-v3.2 --force`" in str(error)
    run("download", "smart-turn-v3.2", "--yes", "--force")
    assert run("verify", "smart-turn-v3.2").exit_code == 0


def test_verify_finds_a_file_cut_short(root: Path) -> None:
    run("download", "smart-turn-v3.2", "--yes")
    path = Path(run("path", "smart-turn-v3.2").stdout.strip())
    path.write_bytes(b"short")
    assert "wrong size" in str(refused("verify", "smart-turn-v3.2"))


def test_verifying_what_is_absent_names_the_download(root: Path) -> None:
    error = refused("verify", "base.en")
    assert isinstance(error, ModelError)
    assert "localvoice models download base.en" in str(error)


def test_path_alone_names_the_store(root: Path) -> None:
    assert run("path").stdout.strip() == str(root)
    assert isinstance(refused("path", "base.en"), ModelError)


def test_remove_deletes(root: Path) -> None:
    run("download", "smart-turn-v3.2", "--yes")
    assert "removed smart-turn-v3.2" in run("remove", "smart-turn-v3.2", "--yes").stdout
    assert isinstance(refused("remove", "smart-turn-v3.2", "--yes"), ModelError)


@pytest.mark.parametrize("command_words", [("remove", "--yes"), ("path",)])
def test_a_name_in_two_kinds_has_to_be_made_clear(root: Path, command_words: tuple[str, ...]) -> None:
    fill(root / "llm" / "mine", {"weights.gguf": b"GGUF"})
    fill(root / "tts" / "mine", VOICE_FILES)
    error = refused(*command_words, "mine")
    assert isinstance(error, ConfigError)
    assert "llm/mine or tts/mine" in str(error)
    assert run("path", "tts/mine").stdout.strip().startswith(str(root / "tts" / "mine"))
    assert "removed llm/mine" in run("remove", "llm/mine", "--yes").stdout
    assert not (root / "llm" / "mine").exists()
    assert run("path", "mine").stdout.strip().startswith(str(root / "tts" / "mine"))


def test_nothing_is_removed_where_one_name_is_wrong(root: Path) -> None:
    fill(root / "llm" / "mine", {"weights.gguf": b"GGUF"})
    assert isinstance(refused("remove", "mine", "yours", "--yes"), ModelError)
    assert (root / "llm" / "mine").exists()


def test_verify_takes_the_kind_as_well(root: Path) -> None:
    fill(root / "llm" / "mine", {"weights.gguf": b"GGUF"})
    fill(root / "tts" / "mine", {"half.onnx": b"x"})
    assert "mine: complete" in run("verify", "llm/mine").stdout
    assert str(root / "tts" / "mine") in str(refused("verify", "mine"))


def test_a_folder_of_other_files_is_one_line_and_an_error(root: Path, tmp_path: Path) -> None:
    for name in ("holiday.jpg", "notes.txt", "song.mp3"):
        (tmp_path / "stick" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "stick" / name).touch()
    result = run("import", str(tmp_path / "stick"))
    assert isinstance(result.exception, ModelError)
    assert result.output.splitlines() == ["skipped: 3 files that belong to no model that is known"]


def test_import_names_what_it_took_and_what_not(root: Path, tmp_path: Path) -> None:
    fill(tmp_path / "stick" / "tts" / "ann", VOICE_FILES)
    fill(tmp_path / "stick", {"holiday.jpg": b"beach"})
    result = run("import", str(tmp_path / "stick"))
    assert "imported: ann" in result.stdout
    assert "holiday.jpg" in result.stderr
    assert "skipped" not in run("du").stdout
    assert "ann" in run("du").stdout


def test_importing_nothing_is_an_error(root: Path, tmp_path: Path) -> None:
    fill(tmp_path / "stick", {"holiday.jpg": b"beach"})
    assert isinstance(refused("import", str(tmp_path / "stick")), ModelError)


def test_du_counts_unfinished_downloads(root: Path) -> None:
    fill(root / "llm" / "qwen3-0.6b.part", {"x.part": bytes(3_000_000)})
    assert "qwen3-0.6b (unfinished)  3 MB" in run("du").stdout


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> KnownSpeeds:
    """Measured are models of next to no size; where the result is kept."""
    monkeypatch.setitem(random_llama.SIZES, "0.1b", random_llama.SIZES["tiny"])
    monkeypatch.setattr(random_whisper, "THIRD_OF_BASE", random_whisper.WhisperShape(64, 1, 100))
    known = KnownSpeeds(tmp_path / "state" / "speed.json", "here")
    monkeypatch.setattr("localvoice.tiers.known_speeds.known_speeds", lambda: known)
    return known


def test_recommend_measures_says_what_it_expects_and_remembers(root: Path, quick: KnownSpeeds) -> None:
    result = run("recommend")
    assert result.exit_code == 0, result
    assert [line.split(":")[0].strip() for line in result.stdout.splitlines()[2:5]] == ["small", "standard", "large"]
    assert "random weights" in result.stdout
    assert "localvoice models download --tier" in result.stdout
    speeds = quick.recall()
    assert speeds is not None
    assert speeds.decode_tokens_per_s > 0
    assert tier_here() == (recommended(speeds), True)


def test_recommend_as_json_is_json_alone(root: Path, quick: KnownSpeeds) -> None:
    told = json.loads(run("recommend", "--json").output)
    assert told["tier"] in {"small", "standard", "large"}
    assert told["measured"]["recogniser_s"] > 0
    assert [one["tier"] for one in told["expected"]] == ["small", "standard", "large"]


def test_a_machine_that_was_never_measured_has_a_tier_by_rule_of_thumb(quick: KnownSpeeds) -> None:
    advice, is_measured = tier_here()
    assert not is_measured
    assert advice.tier in {"small", "standard"}


def test_ctrl_c_keeps_what_has_come_and_says_so(root: Path, hub: FakeHub) -> None:
    hub.files[TURN] = content(400_000, 4)
    hub.faults[TURN].append(Fault(stall_after=250_000))
    arguments = [sys.executable, str(SCRIPT), "smart-turn-v3.2", "--yes"]
    process = subprocess.Popen(arguments, env=os.environ, stderr=subprocess.PIPE, text=True)
    part = root / "turn" / "smart-turn-v3.2.part" / "smart-turn-v3.2-cpu.onnx.part"
    wait_until(lambda: part.exists() and part.stat().st_size)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stderr.strip().endswith("Stopped; what has come is kept: the same command goes on from there.")
    assert "Traceback" not in stderr
    kept = part.stat().st_size
    assert kept <= 250_000

    hub.go_on.set()
    again = subprocess.run(arguments, env=os.environ, capture_output=True, text=True, check=False, timeout=30)
    assert again.returncode == 0, again.stderr
    ranges = [one.headers.get("Range") for one in hub.asked("files")]
    assert ranges == [None, f"bytes={kept}-"]


def test_the_script_says_errors_in_one_line(root: Path) -> None:
    arguments = [sys.executable, str(SCRIPT), "nope"]
    result = subprocess.run(arguments, env=os.environ, capture_output=True, text=True, check=False, timeout=30)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1


def test_the_command_imports_nothing_heavy() -> None:
    code = (
        "import sys, localvoice.commands.models; "
        "print([n for n in ('httpx', 'rich', 'numpy', 'tomllib', 'localvoice.model_store') if n in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert result.stdout.strip() in {"[]", "['rich']"}  # typer may bring rich along


def test_downloads_of_the_bench_catalogue_do_not_touch_the_real_one(bench: Bench, root: Path) -> None:
    bench.get("mini.en")
    assert not root.exists()
