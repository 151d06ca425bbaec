"""What a `llama_cpp.Llama` has read: kept as far as the next prompt agrees with it, and read on from there.

Rule of this file: in the model's worker only. A model that forgets (hybrid, recurrent) cannot take tokens back: its
state is copied where prompts end, and the nearest copy is where it goes on from.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from localvoice.streams import Cancelled, CancelToken

STEP_TOKENS = 64
"""Of a prompt at once: what is stopped within a step has to be read again. Larger steps are hardly faster on a CPU."""

_MOST_COPIES = 8
_APART_TOKENS = 512
"""Between two copies within a long prompt."""

_SEQUENCE = 0


class LlamaCache:
    """The cache of one model."""

    def __init__(self, llama: Any, *, forgets: bool) -> None:
        self._llama = llama
        self._forgets = forgets
        self._copies: dict[int, Any] = {}
        """By the number of tokens read, in that order."""
        self._is_torn = False
        """A model that forgets was stopped within a batch: its state is that of no prompt."""

    def read(self, tokens: Sequence[int], end: int, cancel: CancelToken) -> int:
        """Read `tokens` up to `end`, less than a step of which is left to others; returns how many were there before.

        Stoppable by `cancel` at once within `stoppable`, between steps elsewhere.
        """
        shared = self._shared(tokens)
        if shared == end == len(tokens):
            return shared  # and what follows may be needed again
        kept = self._go_back(min(shared, end))
        stops = [*range(kept, end, STEP_TOKENS), *([end] if end == len(tokens) else [])]
        for start, stop in pairwise(stops):
            cancel.check()
            self._llama.eval(tokens[start:stop])
            if stop - max(self._copies, default=0) >= _APART_TOKENS:
                self.copy()
        cancel.check()
        return kept

    def copy(self) -> None:
        """Keep the state as it is now, where the model could not come back to it."""
        if not self._forgets:
            return
        import llama_cpp

        flags = llama_cpp.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
        size = llama_cpp.llama_state_seq_get_size_ext(self._llama.ctx, _SEQUENCE, flags)
        state = (ctypes.c_uint8 * size)()
        llama_cpp.llama_state_seq_get_data_ext(self._llama.ctx, state, size, _SEQUENCE, flags)
        self._copies.pop(self._llama.n_tokens, None)
        self._copies[self._llama.n_tokens] = state
        while len(self._copies) > _MOST_COPIES:
            del self._copies[list(self._copies)[1]]  # the first one is the system prompt's

    def has(self, tokens: Sequence[int]) -> bool:
        """Whether `tokens` have been read."""
        return self._shared(tokens) == len(tokens)

    def save(self, path: Path) -> bool:
        """Write the state of all that was read."""
        import llama_cpp

        tokens = self._known()
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        name = str(path).encode()
        return bool(llama_cpp.llama_state_seq_save_file(self._llama.ctx, name, _SEQUENCE, array, len(tokens)))

    def restore(self, path: Path, tokens: Sequence[int]) -> bool:
        """Read what `save` wrote when `tokens` had been read."""
        import llama_cpp

        self._copies.clear()
        self._llama.reset()
        array, count = (llama_cpp.llama_token * len(tokens))(), ctypes.c_size_t(0)
        name = str(path).encode()
        read = llama_cpp.llama_state_seq_load_file(
            self._llama.ctx, name, _SEQUENCE, array, len(tokens), ctypes.byref(count)
        )
        if not read or list(array[: count.value]) != list(tokens):
            self._llama.reset()
            return False
        self._llama.input_ids[: len(tokens)] = tokens
        self._llama.n_tokens = len(tokens)
        self.copy()
        return True

    @contextmanager
    def stoppable(self, cancel: CancelToken) -> Iterator[None]:
        """Work inside stops within a batch, at the next step of its computation, when `cancel` is set.

        Raises:
            Cancelled: It was.
        """
        import llama_cpp

        flag = ctypes.create_string_buffer(2)
        cancel.tell(lambda: flag.__setitem__(0, b"\x01"))
        llama_cpp.llama_set_abort_callback(self._llama.ctx, _is_raised(), ctypes.cast(flag, ctypes.c_void_p))
        try:
            yield
        except RuntimeError as error:
            if not cancel.is_cancelled:
                raise
            self._is_torn = self._forgets
            raise Cancelled from error
        finally:
            llama_cpp.llama_set_abort_callback(self._llama.ctx, llama_cpp.ggml_abort_callback(), None)

    def _known(self) -> list[int]:
        return list(self._llama.input_ids[: self._llama.n_tokens].tolist())

    def _shared(self, tokens: Sequence[int]) -> int:
        return int(self._llama.longest_token_prefix(self._known(), tokens))

    def _go_back(self, wanted: int) -> int:
        """Forget what follows `wanted` tokens; returns how many are left."""
        llama = self._llama
        if not self._forgets or (wanted == llama.n_tokens and not self._is_torn):
            llama.n_tokens = wanted  # the library drops what follows before it reads on
            return wanted
        at = max((one for one in self._copies if one <= wanted), default=0)
        self._copies = {one: state for one, state in self._copies.items() if one <= at}
        self._is_torn = False
        if not at or not self._put_back(at):
            self._copies.clear()
            llama.reset()
            return 0
        llama.n_tokens = at
        return at

    def _put_back(self, at: int) -> bool:
        import llama_cpp

        state, flags = self._copies[at], llama_cpp.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
        if not llama_cpp.llama_state_seq_set_data_ext(self._llama.ctx, state, len(state), _SEQUENCE, flags):
            return False
        memory = llama_cpp.llama_get_memory(self._llama.ctx)
        return bool(llama_cpp.llama_memory_seq_rm(memory, _SEQUENCE, at, -1))


def _is_raised() -> Any:
    """C's `strlen` as the question whether to stop: the length of a text that is empty until somebody writes into it.

    A function of Python would need the interpreter's lock at every step of the computation, and wait for it.
    """
    import llama_cpp

    library = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
    return ctypes.cast(library.strlen, llama_cpp.ggml_abort_callback)
