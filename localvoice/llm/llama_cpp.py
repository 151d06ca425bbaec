"""Language models in GGUF files, by llama.cpp inside this process: which of its two runtimes serves.

Rule of this file: it knows when a runtime can serve, the runtime's own file knows how.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from localvoice.config import EngineOptions, ReplyConfig
from localvoice.engines import ChatModel
from localvoice.errors import ProviderUnavailable
from localvoice.llm.llama_setup import NAME, llama_setup
from localvoice.llm.runtime_probe import check_runs
from localvoice.machine import this_machine

NEEDED_INSTRUCTIONS = ("avx2", "fma", "f16c", "bmi2")
"""Of xllamacpp's ready wheels on x86. Without them importing it kills the process."""

COMPILED = "pip install 'localvoice[llama-cpp-python]' compiles a runtime for this processor"


def load_llama(path: Path, options: EngineOptions, reply: ReplyConfig, *, hears: bool = False) -> ChatModel:
    """The model in `path`, in the runtime that `options.runtime` names; "auto" is xllamacpp wherever it can run.

    `hears`: a recogniser that takes several cores works while prompts are read ahead.

    Raises:
        ModelError: The file is missing, truncated or not a chat model.
        ProviderUnavailable: The runtime is not installed, or this processor cannot run it.
    """
    setup = llama_setup(path, options, reply, hears=hears)
    runtime = options.runtime
    obstacle = xllamacpp_obstacle()
    if runtime == "auto":
        runtime = "llama-cpp-python" if obstacle and find_spec("llama_cpp") else "xllamacpp"
    if runtime == "llama-cpp-python":
        from localvoice.llm.llama_bindings import LlamaCppPythonModel

        if find_spec("llama_cpp"):
            check_runs("llama-cpp-python", "import llama_cpp; llama_cpp.llama_backend_init()", NAME)
        return LlamaCppPythonModel(setup)
    if obstacle:
        raise ProviderUnavailable(obstacle, provider=NAME)
    from localvoice.llm.llama_xllamacpp import XLlamaCppModel

    return XLlamaCppModel(setup)


def xllamacpp_obstacle(instead: str = COMPILED) -> str:
    """Why xllamacpp cannot run here, and what to do `instead`; empty where it can."""
    missing = this_machine().missing(NEEDED_INSTRUCTIONS)
    if missing:
        return f"this processor lacks {', '.join(missing).upper()}, which the package xllamacpp needs: {instead}"
    if find_spec("xllamacpp") is None:
        return f"the package xllamacpp is not installed: pip install xllamacpp, or {instead}"
    return ""
