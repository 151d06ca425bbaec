"""The vendors' own clients, unmodified, on the servers that our streaming recognisers are tested against."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator

import pytest

from localvoice.audio.samples import to_int16
from tests.stt_servers.assemblyai_server import AssemblyAI
from tests.stt_servers.azure_server import Azure
from tests.stt_servers.cartesia_server import Cartesia
from tests.stt_servers.deepgram_server import Flux, Nova
from tests.stt_servers.ears import KEY, TEXT, listening, spoken
from tests.stt_servers.sarvam_server import Sarvam
from tests.stt_servers.scribe_server import Scribe

HOW = "pip install 'localvoice[dev]'"
LIBRARIES_OWN = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def pieces() -> Iterator[bytes]:
    """The sound in messages of a tenth of a second."""
    pcm = to_int16(spoken()).tobytes()
    return (pcm[start : start + 3200] for start in range(0, len(pcm), 3200))


def deepgram_client(url: str):
    deepgram = pytest.importorskip("deepgram", reason=HOW)
    from deepgram.environment import DeepgramClientEnvironment

    socket = url.replace("http", "ws")
    where = DeepgramClientEnvironment(base=url, production=socket, agent=socket, agent_rest=url)
    return deepgram.AsyncDeepgramClient(api_key=KEY, environment=where)


@LIBRARIES_OWN
async def test_nova_is_read_by_deepgrams_client():
    async with listening(Nova) as server:
        finals = []
        query = {"model": "nova-3", "encoding": "linear16", "sample_rate": "16000", "interim_results": "true"}
        async with deepgram_client(server.url).listen.v1.connect(**query) as socket:
            for piece in pieces():
                await socket.send_media(piece)
            await socket.send_keep_alive()
            await socket.send_finalize()
            await socket.send_close_stream()
            async for message in socket:
                if message.type == "Results" and message.is_final:
                    finals.append(message.channel.alternatives[0].transcript)
                if message.type == "Metadata":
                    break
        assert " ".join(finals) == TEXT
        assert message.type == "Metadata"


@LIBRARIES_OWN
async def test_flux_is_read_by_deepgrams_client():
    async with listening(Flux) as server:
        ends, kinds = [], []
        query = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": "16000"}
        async with deepgram_client(server.url).listen.v2.connect(**query) as socket:
            for piece in pieces():
                await socket.send_media(piece)
            await socket.send_force_end_turn()
            await socket.send_close_stream()
            async for message in socket:
                kinds.append(message.type)
                if message.type == "TurnInfo" and message.event == "EndOfTurn":
                    ends.append((message.transcript, message.trigger))
        assert kinds[0] == "Connected"
        assert ends == [(TEXT, "manual")]


@LIBRARIES_OWN
@pytest.mark.parametrize("key", [KEY, "wrong"])
async def test_universal_streaming_is_read_by_assemblyais_client(key):
    streaming = pytest.importorskip("assemblyai.streaming.v3", reason=HOW)
    async with listening(AssemblyAI) as server:
        host = server.url.replace("http", "ws")
        client = streaming.RealTimeTranscriber(streaming.RealTimeTranscriberOptions(api_key=key, api_host=host))
        turns, errors = [], []
        client.on(streaming.RealTimeEvents.Turn, lambda _, turn: turns.append(turn))
        client.on(streaming.RealTimeEvents.Error, lambda _, error: errors.append(error))

        def talk() -> None:
            client.connect(streaming.RealTimeParameters(sample_rate=16_000, format_turns=False))
            if key == KEY:
                client.stream(pieces())
                client.force_endpoint()
            client.disconnect(terminate=True)

        await asyncio.to_thread(talk)
    if key == KEY:
        assert [turn.transcript for turn in turns if turn.end_of_turn] == [TEXT]
        assert errors == []
    else:
        assert turns == []
        assert [error.code for error in errors] == [4001]


@LIBRARIES_OWN
@pytest.mark.parametrize("key", [KEY, "wrong"])
async def test_scribe_is_read_by_elevenlabs_client(key):
    pytest.importorskip("elevenlabs", reason=HOW)
    from elevenlabs.realtime.connection import RealtimeEvents
    from elevenlabs.realtime.scribe import AudioFormat, CommitStrategy, ScribeRealtime

    async with listening(Scribe) as server:
        options = {
            "model_id": "scribe_v2_realtime",
            "audio_format": AudioFormat.PCM_16000,
            "sample_rate": 16_000,
            "commit_strategy": CommitStrategy.MANUAL,
        }
        connection = await ScribeRealtime(key, base_url=server.url.replace("http", "ws")).connect(options)
        committed: asyncio.Future = asyncio.get_running_loop().create_future()
        connection.on(RealtimeEvents.COMMITTED_TRANSCRIPT, lambda data: committed.set_result(data["text"]))
        connection.on(RealtimeEvents.AUTH_ERROR, lambda data: committed.set_result(data["message_type"]))
        if key == KEY:
            for piece in pieces():
                await connection.send({"audio_base_64": base64.b64encode(piece).decode()})
            await connection.commit()
        async with asyncio.timeout(5):
            assert await committed == (TEXT if key == KEY else "auth_error")
        await connection.close()


@LIBRARIES_OWN
async def test_ink_is_read_by_cartesias_client():
    cartesia = pytest.importorskip("cartesia", reason=HOW)
    async with listening(Cartesia) as server:
        client = cartesia.AsyncCartesia(api_key=KEY, base_url=server.url)
        finals = []
        manager = client.stt.manual_finalize.websocket(encoding="pcm_s16le", model="ink-whisper", sample_rate=16_000)
        async with manager as connection:
            for piece in pieces():
                await connection.send_raw(piece)
            await connection.send("finalize")
            await connection.send("close")
            kinds = []
            async for event in connection:
                kinds.append(event.type)
                if event.type == "transcript" and event.is_final:
                    finals.append(event.text)
                if event.type == "done":
                    break
        await client.close()
        assert "".join(finals) == TEXT
        assert kinds[-2:] == ["flush_done", "done"]


@LIBRARIES_OWN
async def test_saaras_is_read_by_sarvams_client():
    sarvamai = pytest.importorskip("sarvamai", reason=HOW)
    from sarvamai import types
    from sarvamai.environment import SarvamAIEnvironment

    async with listening(Sarvam) as server:
        where = SarvamAIEnvironment(base=server.url, creative=server.url, production=server.url.replace("http", "ws"))
        client = sarvamai.AsyncSarvamAI(api_subscription_key=KEY, environment=where)
        connect = client.speech_to_text_realtime_streaming.connect
        async with connect(language_code="en-IN", endpointing="manual", encoding="linear16") as socket:
            await socket.send_realtime_speech_start(types.RealtimeSpeechStart())
            for piece in pieces():
                audio = base64.b64encode(piece).decode()
                await socket.send_realtime_audio_input(types.RealtimeAudioInput(audio=audio))
            await socket.send_realtime_speech_end(types.RealtimeSpeechEnd())
            await socket.send_realtime_end(types.RealtimeEnd())
            events = [event async for event in socket]
    assert [type(event).__name__ for event in events[-2:]] == ["RealtimeTranscriptFinal", "RealtimeSessionEnd"]
    assert events[-2].text == TEXT


@LIBRARIES_OWN
@pytest.mark.parametrize("key", [KEY, "wrong"])
async def test_azure_is_read_by_its_native_client(key):
    speech = pytest.importorskip("azure.cognitiveservices.speech", reason=HOW)
    async with listening(Azure) as server:

        def talk():
            config = speech.SpeechConfig(host=server.url.replace("http", "ws"), subscription=key)
            sound = speech.audio.PushAudioInputStream()
            recognizer = speech.SpeechRecognizer(config, speech.audio.AudioConfig(stream=sound))
            guesses = []
            recognizer.recognizing.connect(lambda event: guesses.append(event.result.text))
            for piece in pieces():
                sound.write(piece)
            sound.close()
            return recognizer.recognize_once(), guesses

        result, guesses = await asyncio.to_thread(talk)
    if key == KEY:
        assert (result.reason, result.text) == (speech.ResultReason.RecognizedSpeech, TEXT)
        assert guesses[0] == TEXT.split()[0]
    else:
        assert result.cancellation_details.code == speech.CancellationErrorCode.AuthenticationFailure
