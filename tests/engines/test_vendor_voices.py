"""The vendors' own clients of streaming voices, unmodified, on the servers that ours are tested against."""

from __future__ import annotations

import asyncio
import base64
import threading
from typing import Any

import pytest

from tests.cloud_orders import PLANTED
from tests.elevenlabs_server import LETTER_S, spoken
from tests.voice_servers.azure_server import Azure
from tests.voice_servers.cartesia_server import Cartesia
from tests.voice_servers.deepgram_server import Deepgram
from tests.voice_servers.mouth import voicing
from tests.voice_servers.sarvam_server import Sarvam

HOW = "pip install 'localvoice[dev]'"
TEXT = "Hello there."

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the clients' own


async def test_cartesia_s_client_reads_sound_and_words():
    module = pytest.importorskip("cartesia", reason=HOW)
    async with voicing(Cartesia) as mouth:
        client = module.AsyncCartesia(
            api_key=PLANTED, base_url=mouth.url, websocket_base_url=mouth.url.replace("http", "ws"), max_retries=0
        )
        output = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000}
        sound, words, flushes = b"", [], 0
        async with client.tts.websocket_connect() as socket:
            context = socket.context(
                model_id="sonic-3", voice={"mode": "id", "id": "V"}, output_format=output, add_timestamps=True
            )
            await context.send(
                model_id="sonic-3",
                transcript="Hello ",
                voice={"mode": "id", "id": "V"},
                output_format=output,
                continue_=True,
                add_timestamps=True,
                flush=True,
            )
            await context.push("there.")
            await context.no_more_inputs()
            async for event in context.receive():
                sound += event.audio or b"" if event.type == "chunk" else b""
                flushes += event.type == "flush_done"
                if event.type == "timestamps":
                    words += event.word_timestamps.words
        await client.close()
    assert sound == spoken(TEXT)
    assert words == ["Hello", "there"]
    assert flushes == 1


async def test_deepgram_s_client_reads_sound_and_flushes():
    module = pytest.importorskip("deepgram", reason=HOW)
    from deepgram.environment import DeepgramClientEnvironment
    from deepgram.speak.v1.types import SpeakV1Close, SpeakV1Flush, SpeakV1Text

    async with voicing(Deepgram) as mouth:
        socket_url = mouth.url.replace("http", "ws")
        places = DeepgramClientEnvironment(
            base=mouth.url, production=socket_url, agent=socket_url, agent_rest=mouth.url
        )

        def run() -> tuple[bytes, list[str]]:
            client = module.DeepgramClient(api_key=PLANTED, environment=places)
            asked = {"model": "aura-2-thalia-en", "encoding": "linear16", "sample_rate": "24000"}
            with client.speak.v1.connect(**asked) as socket:
                socket.send_text(SpeakV1Text(type="Speak", text=TEXT))
                socket.send_flush(SpeakV1Flush(type="Flush"))
                socket.send_close(SpeakV1Close(type="Close"))
                answers = list(socket)
            said = [answer.type for answer in answers if not isinstance(answer, bytes)]
            return b"".join(answer for answer in answers if isinstance(answer, bytes)), said

        sound, said = await asyncio.to_thread(run)
    assert sound == spoken(TEXT)
    assert said == ["Flushed"]


async def test_sarvam_s_client_reads_sound_and_the_end():
    module = pytest.importorskip("sarvamai", reason=HOW)
    from sarvamai.environment import SarvamAIEnvironment

    async with voicing(Sarvam) as mouth:
        places = SarvamAIEnvironment(base=mouth.url, creative=mouth.url, production=mouth.url.replace("http", "ws"))

        def run() -> tuple[bytes, str]:
            client = module.SarvamAI(api_subscription_key=PLANTED, environment=places)
            sound = b""
            with client.text_to_speech_streaming.connect(model="bulbul:v3", send_completion_event="true") as socket:
                socket.configure(target_language_code="en-IN", speaker="shubh", output_audio_codec="linear16")
                socket.convert(TEXT)
                socket.flush()
                while (answer := socket.recv()).type == "audio":
                    sound += base64.b64decode(answer.data.audio)
            return sound, answer.data.event_type

        assert await asyncio.to_thread(run) == (spoken(TEXT), "final")


async def test_azure_s_client_reads_sound_and_word_boundaries():
    speech = pytest.importorskip("azure.cognitiveservices.speech", reason=HOW)
    async with voicing(Azure) as mouth:

        def run() -> tuple[bytes, list[tuple[str, float]]]:
            config = speech.SpeechConfig(host=mouth.url.replace("http", "ws"), subscription=PLANTED)
            config.set_speech_synthesis_output_format(speech.SpeechSynthesisOutputFormat.Raw24Khz16BitMonoPcm)
            config.speech_synthesis_voice_name = "en-US-AvaMultilingualNeural"
            synthesizer = speech.SpeechSynthesizer(config, audio_config=None)
            words: list[tuple[str, float]] = []
            has_come = threading.Event()  # the events come on a thread of the client's own, also behind the result

            def take(event: Any) -> None:
                words.append((event.text, event.audio_offset / 10_000_000))
                if event.text == "there.":
                    has_come.set()

            synthesizer.synthesis_word_boundary.connect(take)
            result = synthesizer.speak_text_async(TEXT).get()
            has_come.wait(5.0)
            assert result.reason is speech.ResultReason.SynthesizingAudioCompleted, result.cancellation_details
            return result.audio_data, words

        sound, words = await asyncio.to_thread(run)
    assert sound == spoken(TEXT)
    assert words == [("Hello", 0.0), ("there.", pytest.approx(6 * LETTER_S))]
