"""A recogniser and a model that answer at once, on a loopback port: engines that take nothing from what is measured."""

from __future__ import annotations

from contextlib import AbstractContextManager

from benchmarks.loopback_service import Answers, loopback_service

HEARD = "Tell me another story."
STORY = (
    "Once upon a time there was a little fox who lived in a green forest near a river. "
    "One day the fox found a golden key under a tree, and the key opened a small door in an old stone wall. "
    "Behind the door was a garden full of singing birds."
)


class _Prompt(Answers):
    def heard(self, request: bytes) -> str:
        del request
        return HEARD

    def written(self, request: bytes) -> str:
        del request
        return STORY


def prompt_service() -> AbstractContextManager[dict[str, str]]:
    """The environment in which the program finds it."""
    return loopback_service(_Prompt)
