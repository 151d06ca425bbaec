"""Settings from flags, environment, files and defaults."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from localvoice.config import Config, EngineOptions, Persona
from localvoice.config_schema import settings
from localvoice.config_sources import Flag, LoadedConfig, load
from localvoice.errors import ConfigError, ExitCode


class Sources:
    """A working directory and a user's file, with nothing in them at first."""

    def __init__(self, folder: Path) -> None:
        self.cwd = folder / "cwd"
        self.cwd.mkdir()
        self.user = folder / "user.toml"

    def load(self, flags=None, environ=None, profile=None) -> LoadedConfig:
        return load(flags or {}, environ=environ or {}, cwd=self.cwd, profile=profile, user_file=self.user)

    def local(self, text: str) -> Sources:
        (self.cwd / "localvoice.toml").write_text(text, encoding="utf-8")
        return self

    def refusal(self, **sources) -> str:
        with pytest.raises(ConfigError) as caught:
            self.load(**sources)
        assert caught.value.exit_code == ExitCode.USAGE
        message = str(caught.value)
        assert "\n" not in message
        return message


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path)


def test_nothing_set_gives_the_defaults(sources):
    loaded = sources.load()
    assert loaded.config == Config()
    assert loaded.source_of("turn.patience") == "default"
    assert loaded.files == ()


def test_flag_wins_over_variable_over_local_file_over_user_file_over_default(sources):
    sources.user.write_text('turn = {patience = "fast", sure_ms = 1, silence_ms = 1, limit_ms = 1}')
    sources.local("[turn]\nsure_ms = 2\nsilence_ms = 2\nlimit_ms = 2\n")
    environ = {"LOCALVOICE_TURN__SILENCE_MS": "3", "LOCALVOICE_TURN__LIMIT_MS": "3"}
    loaded = sources.load(flags={"turn.limit_ms": Flag(4, "--limit")}, environ=environ)

    turn = loaded.config.turn
    assert (turn.patience, turn.sure_ms, turn.silence_ms, turn.limit_ms) == ("fast", 2, 3, 4)
    assert loaded.source_of("turn.patience") == f"file {sources.user}"
    assert loaded.source_of("turn.sure_ms") == "file localvoice.toml"
    assert loaded.source_of("turn.silence_ms") == "variable LOCALVOICE_TURN__SILENCE_MS"
    assert loaded.source_of("turn.limit_ms") == "flag --limit"
    assert loaded.source_of("turn.overlap") == "default"
    assert loaded.files == (sources.user, sources.cwd / "localvoice.toml")


def test_file_named_by_variable_is_the_only_one_read(sources):
    sources.user.write_text("broken")
    sources.local("broken")
    (sources.cwd / "mine.toml").write_text('[turn]\npatience = "fast"')
    loaded = sources.load(environ={"LOCALVOICE_CONFIG": "mine.toml"})
    assert loaded.config.turn.patience == "fast"
    assert loaded.files == (sources.cwd / "mine.toml",)


def test_missing_file_named_by_variable_is_an_error(sources):
    message = sources.refusal(environ={"LOCALVOICE_CONFIG": "absent.toml"})
    assert message.startswith("LOCALVOICE_CONFIG names absent.toml, which does not exist")


def test_flags_that_were_not_given_change_nothing(sources):
    assert sources.load(flags={"turn.patience": Flag(None, "--patience")}).source_of("turn.patience") == "default"


def test_flag_may_be_set_to_nothing(sources):
    loaded = sources.load(flags={"session.greeting": Flag("", "--greeting")})
    assert not loaded.config.session.greeting


def test_variables_reach_engines_with_hyphens(sources):
    environ = {
        "LOCALVOICE_ENGINES__FASTER_WHISPER__STT_MODEL": "small.en",
        "LOCALVOICE_ENGINES__OPENAI__BASE_URL": "http://127.0.0.1:8080/v1",
        "LOCALVOICE_ENGINES__OPENAI_COMPATIBLE__TIMEOUT_S": "2.5",
        "LOCALVOICE_ENGINES__STT": "groq, faster-whisper:base.en",
    }
    engines = sources.load(environ=environ).config.engines
    assert engines.of("faster-whisper") == EngineOptions(stt_model="small.en")
    assert engines.of("openai") == EngineOptions(base_url="http://127.0.0.1:8080/v1")
    assert engines.of("openai-compatible") == EngineOptions(timeout_s=2.5)
    assert engines.of("piper") == EngineOptions()
    assert engines.stt == ("groq", "faster-whisper:base.en")


def test_every_setting_has_a_variable_of_its_own(sources):
    variables = [setting.variable for setting in settings().values()]
    assert len(set(variables)) == len(variables)


def test_every_setting_takes_its_default_back_from_a_variable(sources):
    def text(value: object) -> str:
        return ",".join(value) if isinstance(value, tuple) else str(value)

    environ = {setting.variable: text(setting.default) for setting in settings().values()}
    loaded = sources.load(environ=environ)
    assert loaded.config == Config()
    assert loaded.source_of("vad.threshold") == "variable LOCALVOICE_VAD__THRESHOLD"


def test_empty_variables_count_as_not_set(sources):
    environ = {"LOCALVOICE_TURN__PATIENCE": "", "LOCALVOICE_CONFIG": "", "LOCALVOICE_NONSENSE": ""}
    assert sources.load(environ=environ).config == Config()


def test_other_programs_variables_and_those_that_stand_apart_are_let_be(sources):
    assert sources.load(environ={"LOCALVOICE_MODELS": "m", "LOCALVOICES": "x", "PATH": "/"}).config == Config()


@pytest.mark.parametrize("text", ["true", "Yes", "on", "1"])
def test_switches_are_read_from_text(sources, text):
    environ = {"LOCALVOICE_REPLY__PREPARE": "no", "LOCALVOICE_SKILLS__FAST_PATH": text}
    config = sources.load(environ=environ).config
    assert config.skills.fast_path is True
    assert config.reply.prepare is False


def test_device_index_needs_no_quotes(sources):
    assert sources.local("audio.input = 3").load().config.audio.input == "3"


def test_whole_numbers_serve_as_numbers_and_the_reverse_where_exact(sources):
    config = sources.local("[turn]\nmax_turn_s = 30\nsure_ms = 200.0").load().config
    assert (config.turn.max_turn_s, config.turn.sure_ms) == (30.0, 200)
    assert isinstance(config.turn.max_turn_s, float)
    assert isinstance(config.turn.sure_ms, int)


def test_chosen_device_rate_may_be_zero(sources):
    assert sources.local("audio.sample_rate = 0").load().config.audio.sample_rate == 0


def test_byte_order_mark_is_no_mistake(sources):
    (sources.cwd / "localvoice.toml").write_bytes(b'\xef\xbb\xbf[turn]\npatience = "fast"\n')
    assert sources.load().config.turn.patience == "fast"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[turn]\nsure_ms = "abc"', "turn.sure_ms in localvoice.toml must be a whole number, not 'abc'"),
        ("[turn]\nsure_ms = '5'", "turn.sure_ms in localvoice.toml must be a whole number, not '5'"),
        ("[turn]\nsure_ms = true", "turn.sure_ms in localvoice.toml must be a whole number, not true"),
        ("[turn]\nsure_ms = 1.5", "turn.sure_ms in localvoice.toml must be a whole number, not 1.5"),
        ("[turn]\nsure_ms = -1", "turn.sure_ms in localvoice.toml must be 0 or more, not -1"),
        ("[turn]\nsure_ms = 9999999999", "turn.sure_ms in localvoice.toml must be at most 2147483647, not 9999999999"),
        (
            "[turn]\npatience = 'fats'",
            "turn.patience in localvoice.toml must be one of fast, normal, patient, not 'fats'",
        ),
        (
            "[turn.patience]\nx = 1",
            "turn.patience in localvoice.toml must be one of fast, normal, patient, not a section",
        ),
        ("turn = 5", "turn in localvoice.toml must be a section [turn], not 5"),
        ("[[turn]]\npatience = 'fast'", "turn in localvoice.toml must be a section [turn], not [{'patience': 'fast'}]"),
        ("engines.piper = 'x'", "engines.piper in localvoice.toml must be a section [engines.piper], not 'x'"),
        ("vad.threshold = 1.5", "vad.threshold in localvoice.toml must be between 0.02 and 1, not 1.5"),
        ("vad.threshold = nan", "vad.threshold in localvoice.toml must be a number, not nan"),
        ("vad.threshold = 'x'", "vad.threshold in localvoice.toml must be a number, not 'x'"),
        (
            "audio.sample_rate = 4000",
            "audio.sample_rate in localvoice.toml must be 0, or between 8000 and 192000, not 4000",
        ),
        (  # room for all of it is kept from the start
            "turn.max_turn_s = 1000000",
            "turn.max_turn_s in localvoice.toml must be between 0.1 and 3600, not 1000000",
        ),
        ("vad.preroll_ms = 10001", "vad.preroll_ms in localvoice.toml must be between 0 and 10000, not 10001"),
        ("reply.prepare = 1", "reply.prepare in localvoice.toml must be true or false, not 1"),
        (
            'session.save = "a\\u0000b"',
            "session.save in localvoice.toml must be text without zero bytes, not 'a\\x00b'",
        ),
        ("session.greeting = false", "session.greeting in localvoice.toml must be text in quotes, not false"),
        (
            "turn.stop_words = [1]",
            'turn.stop_words in localvoice.toml must be a list such as ["one", "two"], not [1]',
        ),
        ("engines.stt = []", "engines.stt in localvoice.toml must be a list with at least one entry, not []"),
        ("engines.piper.timeout_s = 0", "engines.piper.timeout_s in localvoice.toml must be 0.1 or more, not 0"),
        ("profiles = 1", "profiles in localvoice.toml must hold sections [profiles.NAME], not 1"),
        ("profiles.a = 1", "profiles.a in localvoice.toml must be a section [profiles.a], not 1"),
        (
            "profiles.a.turn.sure_ms = 'x'",
            "profiles.a.turn.sure_ms in localvoice.toml must be a whole number, not 'x'",
        ),
        ("personas.a.rate = 9", "personas.a.rate in localvoice.toml must be between 0.25 and 4, not 9"),
    ],
)
def test_unfit_value_in_file_says_key_file_and_what_fits(sources, text, message):
    assert sources.local(text).refusal() == message


@pytest.mark.parametrize(
    ("text", "key", "likely"),
    [
        ("[turn]\npatiance = 'fast'", "turn.patiance", "turn.patience"),
        ("[tunr]\npatience = 'fast'", "tunr.patience", "turn.patience"),
        ("patience = 'fast'", "patience", "turn.patience"),
        ("[engines.pipper]\nvoice = 'x'", "engines.pipper.voice", "engines.piper.voice"),
        ("[engines.faster_whisper]\nstt_model = 'x'", "engines.faster_whisper.stt_model", None),
        ("[engines.piper]\nvioce = 'x'", "engines.piper.vioce", "engines.piper.voice"),
        ("engines.sst = ['groq']", "engines.sst", "engines.stt"),
        ("[seesion]", "seesion", "session"),
        ("'turn.patience' = 'fast'", "'turn.patience'", "turn.patience"),
        ("profiles.work.turn.patiance = 'fast'", "profiles.work.turn.patiance", "profiles.work.turn.patience"),
        ("personas.pirate.promt = 'x'", "personas.pirate.promt", "personas.pirate.prompt"),
    ],
)
def test_unknown_key_in_file_names_the_nearest(sources, text, key, likely):
    message = sources.local(text).refusal()
    likely = likely or key.replace("_", "-", 1)
    assert message.startswith(f"unknown key {key} in localvoice.toml; the nearest valid one is {likely}")


def test_api_key_in_file_is_pointed_elsewhere_and_not_repeated(sources):
    message = sources.local("[engines.openai]\napi_key = 'sk-1234'").refusal()
    assert "`localvoice keys list`" in message
    assert "sk-1234" not in message


def test_an_unknown_engine_says_who_named_it(sources):
    sources.local('[engines]\nstt = ["whispr"]\n[profiles.cloudy]\nengines.stt = ["auto"]\nengines.llm = ["piper"]\n')
    file = "there is no recogniser 'whispr', which file localvoice.toml asks for; the nearest one is faster-whisper"
    assert sources.refusal() == file
    assert sources.refusal(profile="cloudy").endswith(
        "which profile cloudy asks for; it is a synthesiser: give it to engines.tts"
    )
    environ = {"LOCALVOICE_ENGINES__STT": "pocketsphinx", "LOCALVOICE_ENGINES__TTS": "espeek:x"}
    assert "'espeek', which variable LOCALVOICE_ENGINES__TTS asks for" in sources.refusal(environ=environ)
    flags = {"engines.stt": Flag("groq,whispr", "--stt")}
    assert "'whispr', which --stt asks for" in sources.refusal(flags=flags)


@pytest.mark.parametrize(
    ("name", "likely"),
    [
        ("LOCALVOICE_TURN_PATIENCE", "LOCALVOICE_TURN__PATIENCE"),
        ("LOCALVOICE_ENGINES__FASTER-WHISPER__STT_MODEL", "LOCALVOICE_ENGINES__FASTER_WHISPER__STT_MODEL"),
        ("LOCALVOICE_ENGINES__OPENAI__BASEURL", "LOCALVOICE_ENGINES__OPENAI__BASE_URL"),
        ("LOCALVOICE_MODEL", "LOCALVOICE_MODELS"),
        ("LOCALVOICE_turn__patience", "LOCALVOICE_TURN__PATIENCE"),
    ],
)
def test_unknown_variable_names_the_nearest_and_not_its_value(sources, name, likely):
    assert sources.refusal(environ={name: "zzz"}) == f"unknown variable {name}; the nearest valid one is {likely}"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("TURN__SURE_MS", "soon", "a whole number, not 'soon'"),
        ("TURN__SURE_MS", "9" * 5000, f"a whole number, not '{'9' * 59}…"),
        ("VAD__THRESHOLD", "inf", "a number, not 'inf'"),
        ("REPLY__PREPARE", "maybe", "true or false, not 'maybe'"),
        ("TURN__PATIENCE", "slow\nly", "one of fast, normal, patient, not 'slow\\nly'"),
        ("ENGINES__STT", ",", "a list with at least one entry, not ','"),
        ("SESSION__GREETING", "\udcff", "UTF-8 text, not '\\udcff'"),
    ],
)
def test_unfit_variable_says_what_fits(sources, name, text, expected):
    assert sources.refusal(environ={f"LOCALVOICE_{name}": text}) == f"LOCALVOICE_{name} must be {expected}"


def test_unfit_flag_is_named_as_typed(sources):
    message = sources.refusal(flags={"turn.patience": Flag("slow", "--patience")})
    assert message == "--patience must be one of fast, normal, patient, not 'slow'"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[turn]\npatience = fast\n", 2),
        ("[turn]\nsure_ms = 1\nsure_ms = 2\n", 3),
        ("[turn\n", 1),
        ("[turn]\n\nstop_words = [", 3),
        (f"[turn]\nsure_ms = {'9' * 5000}\n", 2),
    ],
)
def test_broken_file_is_named_with_its_line(sources, text, line):
    message = sources.local(text).refusal()
    assert message.startswith(f"localvoice.toml, line {line} is not TOML: ")


def test_absurdly_nested_file_is_refused_in_one_line(sources):
    assert "nested too deeply" in sources.local("a = " + "[" * 100_000).refusal()


def test_a_file_without_end_is_refused_in_one_line(sources):
    assert "larger than 1 MB" in sources.local("#" * 1_000_001).refusal()
    assert sources.local("#" * 1_000_000).load().config == Config()


needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes among its files")


@needs_pipes
def test_a_pipe_that_nobody_writes_to_is_refused_instead_of_waited_for(sources):
    os.mkfifo(sources.cwd / "localvoice.toml")
    assert sources.refusal().startswith("cannot read localvoice.toml: nobody writes to that pipe")


@needs_pipes
@pytest.mark.parametrize("late_s", [0.0, 0.5], ids=["at once", "late"])
def test_a_pipe_that_is_written_to_is_read_to_its_end(sources, late_s):
    def write() -> None:
        with (sources.cwd / "localvoice.toml").open("w") as pipe:
            time.sleep(late_s)
            pipe.write("[turn]\n")
            pipe.flush()
            pipe.write('patience = "fast"\n')

    os.mkfifo(sources.cwd / "localvoice.toml")
    writer = threading.Thread(target=write)
    writer.start()
    assert sources.load().config.turn.patience == "fast"
    writer.join()


@pytest.mark.parametrize("key", ["threshold", "release", "duck_threshold"])
def test_a_probability_that_every_room_has_is_no_speech(sources, key):
    assert f"vad.{key} in localvoice.toml must be between 0.02 and 1" in sources.local(f"[vad]\n{key} = 0\n").refusal()


def test_file_in_another_encoding_is_named_with_its_line(sources):
    (sources.cwd / "localvoice.toml").write_bytes('[session]\ngreeting = "grüß"\n'.encode("latin-1"))
    assert sources.refusal().startswith("localvoice.toml, line 2 is not UTF-8 text")


def test_unreadable_file_is_an_error_of_one_line(sources):
    (sources.cwd / "localvoice.toml").mkdir()
    assert sources.refusal().startswith("cannot read localvoice.toml: ")


def test_profile_wins_over_file_and_yields_to_variables(sources):
    sources.local(
        '[turn]\npatience = "fast"\n[profiles.work]\nturn.patience = "patient"\nturn.sure_ms = 7\n'
        'engines.piper.voice = "x"\n'
    )
    loaded = sources.load(environ={"LOCALVOICE_TURN__SURE_MS": "9"}, profile="work")
    assert loaded.config.turn.patience == "patient"
    assert loaded.config.engines.of("piper").voice == "x"
    assert loaded.source_of("turn.patience") == "profile work"
    assert loaded.source_of("turn.sure_ms") == "variable LOCALVOICE_TURN__SURE_MS"
    assert sources.load().config.turn.patience == "fast"
    assert sources.load().config.profiles["work"]["turn.sure_ms"] == 7


def test_unknown_profile_names_the_nearest(sources):
    assert sources.refusal(profile="work") == "unknown profile 'work'; write a section [profiles.work]"
    sources.local("[profiles.home]\n[profiles.work]\n")
    assert sources.refusal(profile="wrok") == "unknown profile 'wrok'; the nearest one is work"


def test_persona_lends_voice_prompt_and_rate_unless_set_by_flag(sources):
    sources.local('[personas.pirate]\nvoice = "deep"\nprompt = "Arr."\nrate = 0.8\nturn.patience = "patient"\n')
    flags = {"session.persona": Flag("pirate", "--persona"), "speech.rate": Flag(1.5, "--rate")}
    loaded = sources.load(flags=flags)
    assert loaded.config.reply.system_prompt == "Arr."
    assert loaded.config.speech.voice == "deep"
    assert loaded.config.speech.rate == 1.5
    assert loaded.config.turn.patience == "patient"
    assert loaded.source_of("speech.voice") == "persona pirate"
    assert loaded.config.personas == {"pirate": Persona("pirate", "deep", "Arr.", 0.8)}


def test_unknown_persona_names_the_nearest(sources):
    sources.local('session.persona = "pirat"\npersonas.pirate.name = "Jack"')
    assert sources.refusal() == "unknown persona 'pirat'; the nearest one is pirate"


def test_unknown_setting_has_no_source(sources):
    with pytest.raises(KeyError):
        sources.load().source_of("turn.patiance")


def test_loaded_settings_cannot_be_changed(sources):
    with pytest.raises(dataclasses.FrozenInstanceError):
        sources.load().config.turn.sure_ms = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    "module",
    [
        *("localvoice.config_sources", "localvoice.commands.config", "localvoice.secrets_store"),
        *("localvoice.cloud_choice", "localvoice.offline"),  # numpy starts threads, and then nothing can be sealed
    ],
)
def test_import_stays_light(module):
    heavy = "{'numpy', 'rich.table', 'tomlkit', 'keyring', 'httpx', 'platformdirs'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
