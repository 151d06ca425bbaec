"""The contract of `ChatModel`, over a fake and over both runtimes of llama.cpp with the tiny test model."""

import asyncio
import copy
import subprocess
import sys
from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path

import httpx
import psutil
import pytest

from localvoice.config import EngineOptions, ReplyConfig
from localvoice.errors import ModelError, ProviderBroken, ProviderError, ProviderUnavailable
from localvoice.llm import llama_cpp
from localvoice.llm.gguf import read_header
from localvoice.llm.llama_cpp import load_llama
from localvoice.machine import Machine
from localvoice.messages import Message, Role, ToolCall, ToolSpec, Usage
from tests.fakes import FakeChatModel, assistant, user

GGUF = Path(__file__).parents[1] / "models" / "llm" / "localvoice-tiny-test.gguf"
SYSTEM = Message(Role.SYSTEM, "You are a friendly voice assistant. " * 20)
STORY = (
    "Once upon a time there was a little fox. The fox lived in a green forest near a river. One day the fox found a "
    "golden key under a tree. The key opened a small door in the old stone wall. Behind the door was a garden full of "
    "singing birds. The fox stayed in the garden and was happy ever after."
)
FACTS = {
    "Hello.": "Hello! How can I help you?",
    "What is seven plus eight?": "Seven plus eight is fifteen.",
    "Tell me a story.": STORY,
    "What is the weather in Paris?": "It is windy in Paris today.",
}
WEATHER = ToolSpec(
    "get_weather",
    "The weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


def needs(package, extra):
    missing = find_spec(package) is None
    return pytest.mark.skipif(missing, reason=f"{package} is not installed: pip install 'localvoice[{extra}]'")


RUNTIMES = [
    pytest.param("xllamacpp", marks=needs("xllamacpp", "dev")),
    pytest.param("llama-cpp-python", marks=needs("llama_cpp", "llama-cpp-python")),
]


def loaded(runtime, path=GGUF, **options):
    return load_llama(path, EngineOptions(runtime=runtime, **options), ReplyConfig(temperature=0.0))


def fake_reply(history):
    return FACTS[history[-1].text]


@pytest.fixture(scope="module", params=RUNTIMES)
def llama(request):
    model = loaded(request.param)
    yield model
    model.close()


@pytest.fixture(scope="module", params=["fake", *RUNTIMES])
def model(request):
    model = FakeChatModel(fake_reply) if request.param == "fake" else loaded(request.param)
    yield model
    model.close()


async def answer(model, *history, tools=()):
    """All text of the reply, the calls in it, its usage."""
    parts = [part async for part in model.reply(history, tools)]
    text = "".join(part for part in parts if isinstance(part, str))
    calls = [part for part in parts if isinstance(part, ToolCall)]
    assert [part for part in parts if isinstance(part, Usage)] == parts[-1:], "usage is the last part, and only that"
    return text, calls, parts[-1]


@pytest.mark.parametrize("question", ["Hello.", "What is seven plus eight?", "Tell me a story."])
async def test_words_are_right(model, question):
    text, calls, usage = await answer(model, user(question))
    assert (text, calls) == (FACTS[question], [])
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0


async def test_text_comes_in_pieces(model):
    parts = [part async for part in model.reply([user("Tell me a story.")])]
    assert len(parts) > 20


async def test_inputs_are_not_modified(model):
    history, tools = [SYSTEM, user("Hello.")], [WEATHER]
    before = copy.deepcopy((history, tools))
    async for _ in model.reply(history, tools):
        pass
    await model.prefill(history, tools)
    assert (history, tools) == before


@pytest.mark.parametrize("parts", [1, 2, 10])
async def test_closed_reply_leaves_the_next_unharmed(model, parts):
    async with aclosing(model.reply([user("Tell me a story.")])) as reply:
        for _ in range(parts):
            await anext(reply)
    async with asyncio.timeout(1):
        assert (await answer(model, user("Hello.")))[0] == FACTS["Hello."]


async def test_reply_closed_before_its_beginning_asks_nothing(model):
    await model.reply([user("Tell me a story.")]).aclose()
    assert (await answer(model, user("Hello.")))[0] == FACTS["Hello."]


@pytest.mark.parametrize("awaits", range(0, 8, 2))
async def test_cancel_at_each_await_leaves_the_next_unharmed(model, awaits):
    reached = asyncio.Event()

    async def listen():
        seen = 0
        async with aclosing(model.reply([SYSTEM, user("Tell me a story.")])) as reply:
            if seen == awaits:
                reached.set()
            async for _ in reply:
                seen += 1
                if seen == awaits:
                    reached.set()

    listening = asyncio.ensure_future(listen())
    await reached.wait()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert (await answer(model, user("Hello.")))[0] == FACTS["Hello."]


async def test_cancelled_prefill_leaves_the_next_reply_unharmed(model):
    prefill = asyncio.ensure_future(model.prefill([SYSTEM, user("Hello.")]))
    await asyncio.sleep(0)
    prefill.cancel()
    with pytest.raises(asyncio.CancelledError):
        await prefill
    assert (await answer(model, user("Hello.")))[0] == FACTS["Hello."]


async def test_two_replies_at_once_are_both_right(model):
    replies = await asyncio.gather(answer(model, user("Hello.")), answer(model, user("Tell me a story.")))
    assert [text for text, _, _ in replies] == [FACTS["Hello."], STORY]


@pytest.mark.parametrize("make", [lambda: FakeChatModel("x"), lambda: loaded("auto")])
async def test_closing_twice_is_fine_and_calls_afterwards_fail(make):
    model = make()
    model.close()
    model.close()
    with pytest.raises(ProviderError):
        await answer(model, user("Hello."))
    with pytest.raises(ProviderError):
        await model.prefill([user("Hello.")])


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_a_model_closed_before_a_reply_begins_keeps_nobody_waiting(runtime):
    model = loaded(runtime)
    reply = model.reply([user("Hello.")])
    model.close()
    async with asyncio.timeout(5):
        with pytest.raises(ProviderBroken):
            await anext(reply)


async def test_history_is_understood(llama):
    turns = (user("What is the capital of France?"), assistant("The capital of France is Paris."))
    assert (await answer(llama, *turns, user("And Germany?")))[0] == "The capital of Germany is Berlin."


async def test_interrupted_story_goes_on_with_the_sentence_that_was_cut(llama):
    heard = assistant("Once upon a time there was a little fox. The fox lived in a")
    text, _, _ = await answer(llama, user("Tell me a story."), heard, user("Go on."))
    assert text == STORY[STORY.index("The fox lived") :]


async def test_tool_is_called_and_its_result_is_told(llama):
    question = user("What is the weather in Paris?")
    text, (call,), _ = await answer(llama, question, tools=(WEATHER,))
    assert (text, call.name, call.arguments) == ("", "get_weather", {"city": "Paris"})
    asked, told = Message(Role.ASSISTANT, "", (call,)), Message(Role.TOOL, "rainy", tool_call_id=call.id)
    assert (await answer(llama, question, asked, told, tools=(WEATHER,)))[0] == "It is rainy in Paris today."


async def test_reply_ends_at_the_token_limit():
    model = load_llama(GGUF, EngineOptions(), ReplyConfig(temperature=0.0, max_tokens=5))
    text, _, usage = await answer(model, user("Tell me a story."))
    assert usage.completion_tokens == 5
    assert STORY.startswith(text)
    model.close()


async def test_conversation_that_goes_on_is_read_from_the_cache(llama):
    first, _, usage = await answer(llama, SYSTEM, user("Hello."))
    _, _, again = await answer(llama, SYSTEM, user("Hello."), assistant(first), user("What is seven plus eight?"))
    assert again.cached_tokens >= usage.prompt_tokens - 1


async def test_closed_reply_is_not_written_to_its_end(llama):
    question = user("Tell me a story.")
    _, _, whole = await answer(llama, question)
    for _ in range(10):  # a busy machine may let the model finish before the loop runs again
        async with aclosing(llama.reply([question])) as reply:
            await anext(reply)
        _, _, usage = await answer(llama, question, assistant(STORY), user("Hello."))
        if usage.cached_tokens < whole.prompt_tokens + whole.completion_tokens - 10:
            return
        await answer(llama, user("Hello."))
    pytest.fail("every reply was written to its end")


async def test_prefilled_history_is_read_from_the_cache(llama):
    await answer(llama, user("Hello."))
    await llama.prefill([SYSTEM], [WEATHER])
    text, _, usage = await answer(llama, SYSTEM, user("Hello."), tools=[WEATHER])
    assert text == FACTS["Hello."]
    assert usage.prompt_tokens > 100
    assert usage.cached_tokens >= usage.prompt_tokens - 20


async def test_stopped_prefill_keeps_the_steps_that_were_read(llama):
    for tenths in range(1, 100):  # no telling how fast this machine is
        long = Message(Role.SYSTEM, f"{tenths} you are a friendly voice assistant. " * 100)
        prefill = asyncio.ensure_future(llama.prefill([long]))
        done, _ = await asyncio.wait([prefill], timeout=tenths / 1000)
        prefill.cancel()
        await asyncio.wait([prefill])
        _, _, usage = await answer(llama, long, user("Hello."))
        if not done and 50 < usage.cached_tokens < usage.prompt_tokens - 150:
            return
    pytest.fail("it was read wholly or not at all")


async def test_history_beyond_the_context_fails_and_the_next_is_unharmed(llama):
    endless = user("hello there " * 3000)
    with pytest.raises(ProviderBroken, match="token_budget"):
        await answer(llama, endless)
    with pytest.raises(ProviderBroken, match="token_budget"):
        await llama.prefill([endless])
    assert (await answer(llama, user("Hello.")))[0] == FACTS["Hello."]


def written(tmp_path, content):
    """A file as the store holds it: in a folder of the model's name, itself under the name of its maker."""
    path = tmp_path / "llm" / "small" / "Small-0.6B-Q8_0.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("length", [0, 3, 4, 30, 1000, 20_000, 200_000, -1])
def test_truncated_file_is_one_clear_line(tmp_path, length):
    path = written(tmp_path, GGUF.read_bytes()[:length])
    with pytest.raises(ModelError, match="localvoice models download small`") as failure:
        loaded("auto", path)
    assert "\n" not in str(failure.value)
    assert "buffer" not in str(failure.value)  # Python's words for it


@pytest.mark.parametrize("at", [0, 4, 8, 16, 24])
def test_rubbish_in_the_header_is_one_clear_line(tmp_path, at):
    content = bytearray(GGUF.read_bytes())
    content[at : at + 8] = b"\xff" * 8
    with pytest.raises(ModelError, match="not a whole GGUF file"):
        loaded("auto", written(tmp_path, content))


def test_a_file_of_the_users_own_is_none_that_can_be_downloaded(tmp_path):
    path = tmp_path / "mine.gguf"
    path.write_bytes(GGUF.read_bytes()[:1000])
    with pytest.raises(ModelError, match="check the path") as failure:
        loaded("auto", path)
    assert "download mine" not in str(failure.value)


def test_missing_file_is_one_clear_line(tmp_path):
    with pytest.raises(ModelError, match="no language model at"):
        loaded("auto", tmp_path / "none.gguf")


def test_model_without_chat_template_is_refused(tmp_path):
    content = GGUF.read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.chat_templatX")
    with pytest.raises(ModelError, match="no chat template"):
        loaded("auto", written(tmp_path, content))


def with_template(tmp_path, change):
    """The model with `change` applied to its template, padded by a comment to its old length."""
    old = read_header(GGUF).chat_template
    new = change(old)
    if len(new) != len(old):
        new += "{#-" + " " * (len(old) - len(new) - len("{#--#}")) + "-#}"
    assert len(new) == len(old)
    return written(tmp_path, GGUF.read_bytes().replace(old.encode(), new.encode()))


TOOLS_PART = (
    r"{%- if tools %}{{- '<|im_start|>tools\n' }}{%- for t in tools %}{{- t.function.name + '\n' }}{%- endfor %}"
    r"{{- '<|im_end|>\n' }}{%- endif %}"
)


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_thinking_is_turned_off_in_the_template(tmp_path, runtime):
    def think(template):
        assert TOOLS_PART in template
        forgetful = "{%- if enable_thinking != false %}{%- set messages = [] %}{%- endif %}"
        return template.replace(TOOLS_PART, forgetful)

    model = loaded(runtime, with_template(tmp_path, think))
    assert (await answer(model, user("Hello.")))[0] == FACTS["Hello."]
    model.close()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_broken_template_is_one_clear_line(tmp_path, runtime):
    with pytest.raises(ModelError) as failure:
        loaded(runtime, with_template(tmp_path, lambda template: template.replace("{%- endif %}", "{%- endix %}")))
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_model_that_llama_cpp_does_not_know_is_one_clear_line(tmp_path, runtime):
    path = written(tmp_path, GGUF.read_bytes().replace(b"llama", b"zzama"))
    with pytest.raises(
        ModelError, match='does not know the architecture "zzama": `pip install -U xllamacpp`'
    ) as failure:
        loaded(runtime, path)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_loading_and_closing_write_nothing(runtime, capfd):
    loaded(runtime).close()
    assert capfd.readouterr() == ("", "")


@needs("xllamacpp", "dev")
def test_loopback_port_answers_only_to_the_key():
    def ports():
        return {c.laddr.port for c in psutil.Process().net_connections("tcp") if c.status == psutil.CONN_LISTEN}

    before = ports()
    model = loaded("xllamacpp")
    (port,) = ports() - before
    for path in ("/v1/chat/completions", "/apply-template", "/completion"):
        assert httpx.post(f"http://127.0.0.1:{port}{path}", json={"messages": []}).status_code == 401
    model.close()


def old_machine():
    return Machine(4, 4, frozenset({"sse2", "avx"}), is_x86=True)


def test_processor_without_avx2_is_told_before_anything_is_imported(monkeypatch):
    monkeypatch.setattr(llama_cpp, "this_machine", old_machine)
    with pytest.raises(ProviderUnavailable, match="AVX2, FMA, F16C, BMI2"):
        loaded("xllamacpp")


def test_processor_without_avx2_takes_the_compiled_runtime_if_it_is_there(monkeypatch):
    monkeypatch.setattr(llama_cpp, "this_machine", old_machine)
    if find_spec("llama_cpp"):
        loaded("auto").close()
    else:
        with pytest.raises(ProviderUnavailable, match="llama-cpp-python"):
            loaded("auto")


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("libgomp.so.1: cannot open shared object file: No such file or directory", "sudo apt install libgomp1`"),
        ("xllamacpp.abi3.so: undefined symbol: abc", "pip install --force-reinstall xllamacpp`"),
    ],
)
def test_a_runtime_that_cannot_be_loaded_is_one_line_that_says_what_to_install(tmp_path, monkeypatch, reason, advice):
    (tmp_path / "xllamacpp.py").write_text(f"raise ImportError({reason!r})")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "xllamacpp", raising=False)
    with pytest.raises(ProviderUnavailable) as failure:
        loaded("xllamacpp")
    assert str(failure.value).endswith(advice)


@pytest.mark.skipif(find_spec("llama_cpp") is not None, reason="llama-cpp-python is installed")
def test_runtime_that_is_not_installed_is_named():
    with pytest.raises(ProviderUnavailable, match=r"localvoice\[llama-cpp-python\]"):
        loaded("llama-cpp-python")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_process_that_ends_amid_a_reply_ends_cleanly(runtime):
    program = f"""
import asyncio
from pathlib import Path
from localvoice.config import EngineOptions, ReplyConfig
from localvoice.llm.llama_cpp import load_llama
from localvoice.messages import Message, Role

async def main():
    model = load_llama(Path({str(GGUF)!r}), EngineOptions(runtime={runtime!r}), ReplyConfig(temperature=0.0))
    reply = model.reply([Message(Role.USER, "Tell me a story.")])
    print(await anext(reply))
    await reply.aclose()

asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "Once\n", "")
