from __future__ import annotations

import shutil
import sys
import threading
import traceback
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
from hub_server import Fault
from store_bench import STT_FILES, VOICE_FILES, Bench, content, sha256, tiny_catalogue

from localvoice.errors import ConfigError, FileError, ModelError
from localvoice.model_store.catalogue import Catalogue
from localvoice.model_store.hub import HubSettings
from localvoice.model_store.placing import only_writer
from localvoice.model_store.receipt import Receipt
from localvoice.model_store.store import ModelStore, verify

MODEL = "mini.en"
VOICE = "en_US-ann-medium"
ONNX = "en_US-ann-medium.onnx"


def test_a_download_installs_all_files_with_a_receipt(bench: Bench) -> None:
    assert sorted(bench.get(MODEL, VOICE)) == sorted([MODEL, VOICE])

    folder = bench.store.root / "stt" / MODEL
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".localvoice.json"} == STT_FILES
    receipt = Receipt.load(folder)
    assert receipt is not None
    assert {name: file.sha256 for name, file in receipt.files.items()} == {
        name: sha256(data) for name, data in STT_FILES.items()
    }
    assert bench.store.path_of(VOICE) == bench.store.root / "tts" / VOICE / ONNX
    assert sorted(bench.progress.done) == sorted(
        [f"{MODEL}/{name}" for name in STT_FILES] + [f"{VOICE}/{name}" for name in VOICE_FILES]
    )
    assert not bench.progress.notes
    assert not list(bench.store.root.rglob("*.part"))


def test_what_is_here_is_not_fetched_again(bench: Bench) -> None:
    bench.get(VOICE)
    bench.hub.requests.clear()
    assert bench.get(VOICE) == []
    assert not bench.hub.requests


def test_a_broken_connection_is_resumed_from_the_hubs_own_address(bench: Bench) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.faults[path].extend([Fault(break_after=70_000), Fault(break_after=50_000)])
    bench.get(VOICE)

    asked = bench.hub.asked("files")
    assert [one.headers.get("Range") for one in asked] == [None, "bytes=70000-", "bytes=120000-"]
    assert all(one.headers["If-Range"] for one in asked[1:])
    assert len({one.path for one in asked}) == 3
    assert len([one for one in bench.hub.asked("hub") if one.path == path]) == 3
    assert bench.waits == [1.0, 2.0]
    assert verify(bench.store.find("tts", VOICE)) == []


def test_a_download_that_gave_up_goes_on_where_it_stopped(bench: Bench) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.faults[path].extend([Fault(break_after=10_000)] * 6)
    with pytest.raises(ModelError, match="what has come is kept"):
        bench.get(VOICE)
    assert bench.part(VOICE, ONNX + ".part").stat().st_size == 60_000
    assert bench.store.path_of(VOICE) is None
    assert bench.store.partial_bytes(bench.model(VOICE)) >= 60_000

    bench.hub.requests.clear()
    bench.get(VOICE)
    assert [one.headers.get("Range") for one in bench.hub.asked("files")] == ["bytes=60000-"]
    assert all(one.path != bench.path(VOICE, ONNX + ".json") for one in bench.hub.requests)
    assert verify(bench.store.find("tts", VOICE)) == []


def test_breaks_that_bring_much_do_not_use_up_the_tries(bench: Bench) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.files[path] = content(12 << 20, 3)
    bench.hub.faults[path].extend([Fault(break_after=(1 << 20) + 100_000)] * 9)
    bench.get(VOICE)
    assert bench.waits == [1.0] * 9


def test_a_server_that_ignores_the_range_means_begin_again(bench: Bench) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.faults[path].extend([Fault(break_after=70_000), Fault(ignore_range=True)])
    bench.get(VOICE)
    assert bench.store.path_of(VOICE).read_bytes() == VOICE_FILES[ONNX]
    assert not bench.progress.notes


def test_a_range_that_begins_elsewhere_means_begin_again(bench: Bench) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.faults[path].extend([Fault(break_after=70_000), Fault(wrong_range=True)])
    bench.get(VOICE)
    assert bench.store.path_of(VOICE).read_bytes() == VOICE_FILES[ONNX]
    assert [one.headers.get("Range") for one in bench.hub.asked("files")] == [None, "bytes=70000-", None]


@pytest.mark.parametrize("has_etags", [True, False])
def test_bytes_of_an_older_file_are_not_continued(bench: Bench, has_etags: bool) -> None:
    bench.hub.has_etags = has_etags
    path = bench.path(VOICE, ONNX)
    bench.hub.faults[path].extend([Fault(break_after=10_000)] * 6)
    with pytest.raises(ModelError):
        bench.get(VOICE)
    bench.hub.files[path] = content(150_000, 9)
    bench.get(VOICE)
    assert bench.store.path_of(VOICE).read_bytes() == bench.hub.files[path]
    assert not any("damaged" in note for note in bench.progress.notes)


def test_bytes_that_nothing_identifies_are_not_continued(bench: Bench) -> None:
    bench.hub.has_etags = False
    path = bench.path(VOICE, ONNX + ".json")
    bench.hub.faults[path].append(Fault(break_after=5))
    bench.get(VOICE)
    assert [one.headers.get("Range") for one in bench.hub.requests if one.path == path] == [None, None]


def test_a_part_file_that_was_complete_already_is_only_verified(bench: Bench) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.faults[path].extend([Fault(break_after=10_000)] * 6)
    with pytest.raises(ModelError):
        bench.get(VOICE)
    bench.part(VOICE, ONNX + ".part").write_bytes(VOICE_FILES[ONNX])
    bench.hub.requests.clear()
    bench.get(VOICE)
    assert [one.headers["Range"] for one in bench.hub.asked("files")] == ["bytes=200000-"]
    assert bench.store.path_of(VOICE).read_bytes() == VOICE_FILES[ONNX]


def test_a_part_file_damaged_on_the_disk_is_fetched_again(bench: Bench) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.faults[path].extend([Fault(break_after=10_000)] * 6)
    with pytest.raises(ModelError):
        bench.get(VOICE)
    part = bench.part(VOICE, ONNX + ".part")
    part.write_bytes(b"\0" * part.stat().st_size)
    bench.get(VOICE)
    assert bench.store.path_of(VOICE).read_bytes() == VOICE_FILES[ONNX]
    assert any("arrived damaged" in note for note in bench.progress.notes)


@pytest.mark.parametrize("fault", [Fault(claim_bytes=500), Fault(claim_bytes=-500)], ids=["too_long", "too_short"])
def test_a_wrong_content_length_is_noticed(bench: Bench, fault: Fault) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.faults[path].append(fault)
    bench.get(VOICE)
    assert bench.store.path_of(VOICE).read_bytes() == VOICE_FILES[ONNX]
    assert bench.waits == [1.0]
    assert bench.progress.notes == []


def test_more_bytes_than_published_count_as_damage(bench: Bench) -> None:
    bench.hub.faults[bench.path(VOICE, ONNX)].append(Fault(extra=b"more"))
    bench.get(VOICE)
    assert bench.store.path_of(VOICE).read_bytes() == VOICE_FILES[ONNX]
    assert any("more than its 200000 bytes" in note for note in bench.progress.notes)


def test_corrupt_bytes_are_fetched_once_more(bench: Bench) -> None:
    bench.hub.faults[bench.path(VOICE, ONNX)].append(Fault(corrupt=True))
    bench.get(VOICE)
    assert bench.store.path_of(VOICE).read_bytes() == VOICE_FILES[ONNX]
    assert len(bench.hub.asked("files")) == 2


def test_bytes_corrupt_twice_are_given_up_and_removed(bench: Bench) -> None:
    bench.hub.faults[bench.path(VOICE, ONNX)].extend([Fault(corrupt=True)] * 2)
    with pytest.raises(ModelError, match="damaged twice"):
        bench.get(VOICE)
    assert not bench.part(VOICE, ONNX).exists()
    assert not bench.part(VOICE, ONNX + ".part").exists()
    assert bench.store.path_of(VOICE) is None


def test_one_models_failure_does_not_stop_the_other(bench: Bench) -> None:
    del bench.hub.files[bench.path(MODEL, "tokenizer.json")]
    with pytest.raises(ModelError, match=r"tokenizer\.json \(404\)"):
        bench.get(MODEL, VOICE)
    assert bench.store.path_of(VOICE)
    assert bench.store.path_of(MODEL) is None


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_an_overloaded_hub_is_asked_again(bench: Bench, status: int) -> None:
    bench.hub.hub_faults[bench.path(VOICE, ONNX)].append(Fault(status=status))
    bench.get(VOICE)
    assert bench.waits == [1.0]


def test_retry_after_is_obeyed(bench: Bench) -> None:
    bench.hub.hub_faults[bench.path(VOICE, ONNX)].append(Fault(status=429, retry_after="17"))
    bench.get(VOICE)
    assert bench.waits == [17.0]


def test_a_retry_after_of_an_hour_is_reported_instead(bench: Bench) -> None:
    bench.hub.hub_faults[bench.path(VOICE, ONNX)].append(Fault(status=429, retry_after="3600"))
    with pytest.raises(ModelError, match="again in 3600 s"):
        bench.get(VOICE)
    assert bench.waits == []


def test_a_file_server_that_fails_sends_us_back_to_the_hub(bench: Bench) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.faults[path].extend([Fault(status=403), Fault(status=503)])
    bench.get(VOICE)
    assert len([one for one in bench.hub.asked("hub") if one.path == path]) == 3


def test_a_gated_model_names_the_token(bench: Bench) -> None:
    bench.hub.hub_faults[bench.path(VOICE, ONNX)].append(Fault(status=401))
    with pytest.raises(ModelError, match="HF_TOKEN"):
        bench.get(VOICE)


def test_a_compressed_answer_is_not_taken_for_the_file(bench: Bench) -> None:
    bench.hub.faults[bench.path(VOICE, ONNX)].append(Fault(compress=True))
    bench.get(VOICE)
    assert bench.waits == [1.0]
    assert bench.store.path_of(VOICE).read_bytes() == VOICE_FILES[ONNX]
    assert all(one.headers["Accept-Encoding"] == "identity" for one in bench.hub.requests)


def test_the_token_goes_to_the_hub_and_to_nobody_else(bench: Bench) -> None:
    bench.token = "hf_secret"  # noqa: S105 - no secret of anybody
    bench.get(VOICE)
    assert {one.headers.get("Authorization") for one in bench.hub.asked("hub")} == {"Bearer hf_secret"}
    assert bench.hub.asked("files")
    assert all("hf_secret" not in str(one.headers) for one in bench.hub.asked("files"))


def test_the_token_is_not_sent_unencrypted() -> None:
    settings = HubSettings("http://mirror.invalid", "hf_secret")
    assert "hf_secret" not in repr(settings)

    from localvoice.model_store.hub import Hub

    assert Hub(settings).authorization("http://mirror.invalid/x") == {}
    assert Hub(HubSettings("https://mirror.invalid", "t")).authorization("https://mirror.invalid/x")
    assert Hub(HubSettings("https://mirror.invalid", "t")).authorization("https://mirror.invalid:8443/x") == {}


def test_an_unverified_pin_that_differs_is_said_and_the_server_believed(bench: Bench) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.files[path] = content(150_000, 5)
    bench.get(VOICE)
    assert len(bench.progress.notes) == 1
    assert "going by the server" in bench.progress.notes[0]
    assert bench.store.path_of(VOICE).read_bytes() == bench.hub.files[path]


def test_a_verified_pin_that_differs_is_an_error(bench: Bench) -> None:
    store = ModelStore(bench.store.root, tiny_catalogue(verified=True))
    bench.hub.files[bench.path(VOICE, ONNX)] = content(200_000, 5)
    with pytest.raises(ModelError, match="not the file of the catalogue"):
        Bench(store, bench.hub).get(VOICE)
    assert store.path_of(VOICE) is None


def test_where_the_server_publishes_no_checksum_the_pin_decides(bench: Bench) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.small.add(path)
    bench.hub.files[path] = content(200_000, 5)
    with pytest.raises(ModelError, match="damaged twice"):
        bench.get(VOICE)


def test_a_published_checksum_that_the_bytes_do_not_have_is_an_error(bench: Bench) -> None:
    bench.hub.published[bench.path(VOICE, ONNX)] = "f" * 64
    with pytest.raises(ModelError, match="damaged twice"):
        bench.get(VOICE)


def test_without_a_network_one_line_says_what_to_do(bench: Bench) -> None:
    bench.hub.stop()
    with pytest.raises(ModelError, match=r"cannot reach 127\.0\.0\.1 .*`localvoice models import DIR`") as caught:
        bench.get(MODEL, VOICE)
    assert str(caught.value).count("cannot reach") == 1
    assert set(bench.waits) == {1.0}
    assert not list(bench.store.root.rglob("*.part"))


def test_offline_refuses_before_dialling(bench: Bench) -> None:
    with pytest.raises(ConfigError, match="--offline"):
        bench.get(VOICE, offline="--offline")
    assert not bench.hub.requests
    assert not bench.store.root.exists()


@pytest.mark.parametrize(
    ("value", "expected"), [("1", "HF_HUB_OFFLINE"), ("ON", "HF_HUB_OFFLINE"), ("0", ""), ("", "")]
)
def test_the_hubs_own_offline_switch_counts(value: str, expected: str) -> None:
    assert HubSettings.from_environ({"HF_HUB_OFFLINE": value}).offline == expected


def test_a_mirror_without_a_scheme_is_refused() -> None:
    with pytest.raises(ConfigError, match="HF_ENDPOINT"):
        HubSettings.from_environ({"HF_ENDPOINT": "hf-mirror.invalid"})


def test_too_little_room_is_said_before_dialling(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - the shape that shutil returns
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 2_000_000))
    with pytest.raises(FileError, match="2 MB free, 64 MB are needed"):
        bench.get(VOICE)
    assert not bench.hub.requests


def test_a_store_that_cannot_be_written_is_one_line(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = ModelStore(tmp_path / "file" / "models", bench.store.catalogue)
    with pytest.raises(FileError, match=r"cannot write to .*LOCALVOICE_MODELS"):
        Bench(store, bench.hub).get(VOICE)


def test_two_processes_do_not_write_the_same_model(bench: Bench) -> None:
    with only_writer(bench.part(VOICE)), pytest.raises(ModelError, match="another localvoice is fetching"):
        bench.get(VOICE)
    bench.get(VOICE)
    assert bench.store.path_of(VOICE)


def test_force_replaces_a_damaged_model(bench: Bench) -> None:
    bench.get(VOICE)
    path = bench.store.path_of(VOICE)
    path.write_bytes(b"\0" * path.stat().st_size)
    assert len(verify(bench.store.find("tts", VOICE))) == 1
    bench.get(VOICE, force=True)
    assert verify(bench.store.find("tts", VOICE)) == []
    assert [path.name for path in (bench.store.root / "tts").iterdir()] == [VOICE]


def test_what_is_left_of_another_revision_is_thrown_away(bench: Bench) -> None:
    path = bench.path(VOICE, ONNX)
    bench.hub.faults[path].extend([Fault(break_after=10_000)] * 6)
    with pytest.raises(ModelError):
        bench.get(VOICE)
    newer = replace(bench.model(VOICE), revision="2" * 40)
    for name, data in VOICE_FILES.items():
        bench.hub.files[f"/test/voices/resolve/{'2' * 40}/en/ann/{name}"] = data
    bench.hub.requests.clear()
    Bench(ModelStore(bench.store.root, Catalogue((newer,))), bench.hub).get(VOICE)
    assert all("Range" not in one.headers for one in bench.hub.requests)


def test_never_more_than_four_files_at_a_time(bench: Bench) -> None:
    for model, files in ((MODEL, STT_FILES), (VOICE, VOICE_FILES)):
        for name in files:
            bench.hub.faults[bench.path(model, name)].append(Fault(stall_after=0))

    def let_go() -> None:
        bench.hub.four_at_once.wait(10)
        bench.hub.five_at_once.wait(0.1)
        bench.hub.go_on.set()

    watcher = threading.Thread(target=let_go, daemon=True)
    watcher.start()
    bench.get(MODEL, VOICE)
    watcher.join(10)
    assert bench.hub.four_at_once.is_set()
    assert not bench.hub.five_at_once.is_set()


async def test_a_proxy_that_is_no_address_is_told_without_its_password(monkeypatch):
    from localvoice.model_store.hub import Hub

    monkeypatch.setenv("https_proxy", "http://us:pl/anted@127.0.0.1:9")
    with pytest.raises(ModelError, match="the proxy is no address: check HTTPS_PROXY") as caught:
        Hub(HubSettings("https://mirror.invalid", ""))
    assert "'pl'" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("variable", ["https_proxy", "all_proxy"])
async def test_a_socks_proxy_without_its_package_is_told(variable, monkeypatch):
    from localvoice.model_store.hub import Hub

    monkeypatch.setenv(variable, "socks5://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ModelError, match="a socks proxy needs `pip install"):
        Hub(HubSettings("https://mirror.invalid", ""))
