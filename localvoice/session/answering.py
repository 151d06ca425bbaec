"""How one turn is answered: understood, answered, said, and remembered. Replying decides when, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from localvoice.audio.samples import SPEECH_RATE_HZ, silence
from localvoice.config import Config
from localvoice.engines import BreaksOff, Prompted
from localvoice.errors import LocalVoiceError
from localvoice.messages import Message, Origin, SpeechChunk, Stage, Transcript
from localvoice.session.answers import Answers
from localvoice.session.breath import Breath
from localvoice.session.following import Following
from localvoice.session.hand import Equipment, Hand, House, Report
from localvoice.session.phrases import HEARING, THINKING
from localvoice.session.printing import PrintedReply
from localvoice.session.reading import Heard, read
from localvoice.session.skill_state import SkillState
from localvoice.session.speaking import SpokenReply
from localvoice.session.tools import Tools
from localvoice.skills.catalog import Skills
from localvoice.text.history import History
from localvoice.turn.decisions import EndReason, PauseBegan, TurnEnded
from localvoice.turn.observations import WordsSoFar

PREPARED = "prepared"
"""Who speaks a phrase that was spoken beforehand."""

_QUICK_S = 0.1
"""Time of a transcript up to which it may begin before a pause is certain, 64 ms sooner, where the recogniser cannot
break it off: one made for nothing makes the next one wait."""


class Answering:
    """What all turns of a session have in common."""

    def __init__(self, config: Config, equipment: Equipment, skills: Skills) -> None:
        self._config = config
        self.equipment = equipment
        self._history = History(config.history)
        self.state = SkillState(config.speech.volume, config.speech.rate)
        self._tools = Tools(skills, self.state, lambda: self._history.last_reply, equipment.now_s)
        self._answers = Answers(equipment.chat, self._tools, self._prompt, fast_path=config.skills.fast_path)
        self._breath = Breath()
        self.following = Following(equipment, lambda text: self._answers.command(text) is not None)
        self._reading_s = 0.0
        """What the last transcript took."""
        self._house: House | None = None

    def attach(self, house: House) -> None:
        """Join a session."""
        self._house = house
        self._tools.attach(house)

    @property
    def house(self) -> House:
        """The session. Raises where there is none yet."""
        if self._house is None:
            raise RuntimeError("attach() comes first")
        return self._house

    @property
    def prepares(self) -> bool:
        """Whether work may begin before the user's turn is over."""
        return self._config.reply.prepare and self.equipment.recognizer is not None

    @property
    def reads_quickly(self) -> bool:
        """Whether a transcript made for nothing costs neither money nor much time."""
        recognizer = self.equipment.recognizer
        if recognizer is None or recognizer.name in self.equipment.paid:
            return False
        can_break_off = isinstance(recognizer, BreaksOff) and recognizer.breaks_off
        return can_break_off or self._reading_s <= _QUICK_S

    # understood

    async def answer(self, hand: Hand) -> bool:
        """Answer the user's words, to the end of the reply; False where they said none. Raises as engines do."""
        if hand.heard is None:
            hand.heard = await self._read(hand)
            self._take_words(hand, hand.heard)
        if hand.heard.is_nothing or self._costs_money:
            await hand.gate.turn_over()
        if hand.heard.is_nothing:
            return False
        transcript = hand.heard.transcript
        known = await self._answers.known(hand, transcript)
        if known is None:
            await self._say(hand, self._answers.written(hand, transcript.text))
        else:
            await self.say(hand, known)
        return True

    async def _read(self, hand: Hand) -> Heard:
        asked, equipment = hand.asked, self.equipment
        if asked is None or (isinstance(asked, TurnEnded) and asked.reason is EndReason.TYPED):
            text = "" if asked is None else asked.text
            return Heard(Transcript(text, self._config.session.language, "typed"), 0.0)
        began_s = equipment.now_s()
        heard = await self.following.words(asked)
        if heard is None:
            speech_s = self.following.speech_s(asked.turn)
            heard = await read(equipment.recognizer, equipment.utterances, asked.start_s, asked.end_s, speech_s)
        self._reading_s = equipment.now_s() - began_s
        return heard

    def _take_words(self, hand: Hand, heard: Heard) -> None:
        turn, asked, now_s = hand.turn, hand.asked, self.equipment.now_s()
        if not heard.is_nothing:
            turn.times[Stage.TRANSCRIPT] = now_s
            turn.user_text = heard.transcript.text
            hand.is_remembered = not heard.transcript.rejected
            hand.gate.tell(partial(self._tell_words, hand, heard))
        has_voted = asked is not None and self.following.follows(asked.turn)
        if isinstance(asked, PauseBegan) and not hand.gate.is_open and not has_voted:
            hand.vote.tell(partial(self._vote, asked, heard))

    def _tell_words(self, hand: Hand, heard: Heard) -> None:
        """Who says something over our goodbye stays."""
        self.state.wants_end &= heard.transcript.rejected
        self.house.log.transcript(hand.turn, heard.transcript, heard.audio_s)

    def _vote(self, pause: PauseBegan, heard: Heard) -> None:
        vote = WordsSoFar(
            self.equipment.now_s(),
            pause.turn,
            pause.speech_end_s,
            heard.words,
            is_command=self._answers.command(heard.words) is not None,
            confidence=heard.transcript.confidence,
        )
        self.following.words_vote.tell(vote, self.house)

    @property
    def _costs_money(self) -> bool:
        """Whether an answer that is thrown away is paid all the same."""
        equipment = self.equipment
        names = {equipment.chat.name} | ({equipment.synthesizer.name} if equipment.synthesizer is not None else set())
        return bool(names & equipment.paid) and not self._config.reply.prepare_paid

    def _prompt(self, user: str) -> list[Message]:
        return self._history.messages(self._config.reply.system_prompt, user)

    def so_far(self, words: str) -> list[Message]:
        """The prompt up to the user's next words, of which those in `words` are known."""
        return self._prompt(words) if words else self._prompt("")[:-1]

    # said

    async def say(self, hand: Hand, text: str) -> None:
        """Say `text` to its end, as soon as it may be heard: without any work where it was spoken beforehand."""
        prepared = self._spoken_beforehand(hand, text)
        if prepared is None:
            await self._say(hand, _once(text))
        else:
            hand.reply = self._mouth(hand)
            await hand.reply.end_with(prepared)

    async def _say(self, hand: Hand, text: AsyncIterator[str]) -> None:
        hand.reply = self._mouth(hand)
        await hand.reply.say(text)

    def _spoken_beforehand(self, hand: Hand, text: str) -> SpeechChunk | None:
        voice = self.equipment.synthesizer
        if voice is None or self.equipment.player is None:
            return None
        is_same_voice = voice.name not in self.equipment.paid and self.state.rate == self._config.speech.rate
        return self.equipment.phrases.get(text) if is_same_voice or hand.turn.origin is Origin.FILLER else None

    async def apologise(self, hand: Hand, error: Exception) -> None:
        """Tell what went wrong, and say a phrase in place of what is missing of the reply."""
        turn = hand.turn
        turn.error = error
        known = isinstance(error, LocalVoiceError)
        message = str(error) if known else f"unexpected: {type(error).__name__}: {error}"
        self.house.log.trouble("error", type(error).__name__, message)
        phrase = THINKING if Stage.TRANSCRIPT in turn.times else HEARING
        prepared = self.equipment.phrases.get(phrase)
        reply = hand.reply
        if reply is None or Stage.REPLY_STARTED not in turn.times:
            turn.origin, hand.engine, hand.is_remembered = Origin.FALLBACK, PREPARED, False
            hand.reply = reply = self._mouth(hand, is_silent=prepared is None)
        await reply.end_with(prepared or SpeechChunk(phrase, silence(0), SPEECH_RATE_HZ))

    def _mouth(self, hand: Hand, *, is_silent: bool = False) -> SpokenReply | PrintedReply:
        equipment = self.equipment
        report = Report(hand, self.house, equipment.now_s)
        if is_silent or equipment.synthesizer is None or equipment.player is None:
            return PrintedReply(hand.turn, report)
        equipment.synthesizer.rate = self.state.rate
        return SpokenReply(hand.turn, equipment.player, equipment.synthesizer, self.state.volume, report, self._breath)

    # remembered

    def remember(self, hand: Hand) -> None:
        """The reply is over: keep what was said, and what was heard."""
        turn = hand.turn
        if hand.starts_over:
            self._history.clear()
        elif hand.is_remembered:
            self._history.commit(turn.user_text, turn.heard, interrupted=turn.interrupted, tools=tuple(hand.tools))
        if isinstance(self.equipment.recognizer, Prompted):
            self.equipment.recognizer.prompt = self._history.last_reply

    def keep_question(self, hand: Hand) -> None:
        """The user interrupted before the answer began: their words stand before those that follow."""
        if hand.is_remembered and not hand.starts_over:
            self._history.commit(hand.turn.user_text, "", interrupted=True)


async def _once(text: str) -> AsyncIterator[str]:
    yield text
