"""What the voices say: backchannels, and everything else somebody may say over a reply. Deterministic, no files.

Sentences go to one of two halves by a hash of their first two words, so that no opening of the one half is heard in the
other; single words of the vocabulary likewise.
"""

from __future__ import annotations

import itertools
import random
import zlib
from importlib import resources

import numpy as np

MM_HM = ("mm-hm", "mhm", "mm", "hmm", "uh-huh")
"""Spoken as phonemes: synthesisers read them as letters."""

BACKCHANNELS = (*MM_HM, "yeah", "yep", "okay", "ok", "right", "I see", "really", "wow", "sure", "alright", "oh", "aha")

STOPS = (
    *("stop", "wait", "be quiet", "hold on", "quiet", "enough", "stop it", "wait a moment", "please stop"),
    *("stop talking", "hang on", "no stop", "wait wait", "that's enough", "shut up", "cancel", "cancel that"),
    *("pause", "hold it"),
)

_OPENINGS = (
    *("what is", "what's", "what about", "when is", "where is", "why is", "who is", "how do I get", "how much is"),
    *("how far is", "can you tell me about", "could you repeat", "would you check", "will you tell me"),
    *("please tell me", "tell me", "tell me more about", "give me", "show me", "set a timer for", "turn on"),
    *("turn off", "I want", "I need", "I meant", "I think", "I said", "I asked for", "I don't need"),
    *("I was asking about", "I'd like", "I'm looking for", "no, I want", "no, not", "not", "that's not"),
    *("that is wrong, I want", "this is about", "the", "my", "your", "our", "actually", "actually I want", "but"),
    *("but what about", "and", "and then", "so", "also add", "then play", "because", "if", "is it about"),
    *("are there", "do you know", "does it have", "did you find", "was that", "find", "play", "call", "remind me of"),
    *("add", "remove", "delete", "start", "open", "close", "make", "let's talk about", "let me hear", "skip to"),
    *("go back to", "next", "again, please,", "forget", "never mind", "excuse me,", "sorry,", "listen,"),
    *("hey, what is", "just", "maybe", "in", "on", "at", "for", "with", "without", "after", "before", "about"),
    *("change", "try", "read", "write", "search for", "look for", "buy", "send", "translate", "spell", "count"),
    *("how many", "which", "whose", "there is", "there are", "it is", "it's", "he is", "she was", "we need"),
    *("they have", "you said", "you mean", "explain", "say", "speak about", "slower,", "louder,", "faster,"),
    *("repeat", "compare", "good, now", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "twenty", "hundred", "tomorrow", "today", "yesterday", "Monday", "Friday", "only", "even", "never"),
    *("always", "another", "other", "more", "less", "all"),
)

_REST = (
    *("the weather", "Germany", "the fox", "ten minutes", "the kitchen light", "that", "it", "a song"),
    *("the capital of", "my shopping list", "tomorrow morning", "something else", "the other one", "a story"),
    *("dinner", "the train", "music", "the news", "the door", "a taxi", "the first one", "water", "an apple"),
    *("a different voice", "two tickets", "him"),
)

_SHORT = (
    *("no", "no no", "why", "what", "who", "where", "when", "how", "seven", "tomorrow", "Berlin", "next", "again"),
    *("nope", "louder", "slower", "why not", "what else", "how come", "not that", "not now", "I disagree", "go back"),
    *("thank you", "I don't know", "never mind", "forget it", "that's wrong", "what's that", "say that again"),
    *("speak up", "continue", "one more", "too loud", "hello", "hey", "excuse me", "sorry", "help", "repeat"),
    *("thanks", "goodbye", "skip", "done"),
)

_EXCEPT = frozenset({
    *("yeah", "yes", "yep", "okay", "ok", "right", "i", "see", "really", "wow", "sure", "alright", "oh", "aha", "ah"),
    *("mm", "hm", "hmm", "mhm", "uh", "huh", "um", "eh"),
})  # fmt: skip
"""No opening of content, though it may be one: sound cannot tell in time, and context decides."""


def half_of(text: str) -> int:
    """0: to train on; 1: held out."""
    return zlib.crc32(" ".join(text.lower().split()[:2]).encode()) % 2


def contents(count: int, half: int, seed: int) -> list[str]:
    """`count` utterances that want an answer: 40 % sentences, 28 % words in any order, 14 % short ones, 18 % stops."""
    draw = random.Random(seed)
    sentences = [f"{a} {b}" for a, b in itertools.product(_OPENINGS, _REST) if half_of(a) == half]
    words = [word for word in _vocabulary() if zlib.crc32(word.encode()) % 2 == half]
    short = [text for text in _SHORT if half_of(text) == half]
    texts = []
    for number in range(count):
        share = number / count
        if share < 0.40:
            texts.append(draw.choice(sentences))
        elif share < 0.68:
            texts.append(" ".join(draw.choices(words, k=draw.randint(1, 5))))
        else:
            texts.append(draw.choice(short if share < 0.82 else STOPS))
    draw.shuffle(texts)
    return texts


def _vocabulary() -> list[str]:
    """The words that the word model knows: whatever people say to machines."""
    with resources.as_file(resources.files("localvoice.turn") / "turnwords.npz") as path, np.load(path) as stored:
        known = bytes(stored["vocab"]).decode().split("\n")
    return sorted(word for word in known if word.isalpha() and len(word) > 1 and word not in _EXCEPT)
