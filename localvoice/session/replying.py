"""The turn in hand: understand it, find an answer, say it, and settle what was heard when it is over."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any

from localvoice.audio.samples import SPEECH_RATE_HZ, silence
from localvoice.config import Config
from localvoice.errors import FileError, LocalVoiceError
from localvoice.messages import Message, Origin, SpeechChunk, Stage, ToolCall, Transcript, Turn
from localvoice.session.answers import Answer, Answers
from localvoice.session.hand import Hand, House, Outcome, Report, Voices
from localvoice.session.overlap_reading import OverlapReading
from localvoice.session.reading import Reading
from localvoice.session.skill_state import SkillState
from localvoice.session.sound_vote import SoundVote
from localvoice.session.speaking import Cut, PrintedReply, SpokenReply
from localvoice.skills.catalog import Skills
from localvoice.skills.contract import SkillContext, SkillResult, StartOver
from localvoice.text.history import History
from localvoice.turn.decisions import EndReason, TurnEnded
from localvoice.turn.observations import NothingSaid, ReplyEnded, ToolRan

_log = logging.getLogger(__name__)

HEARING = "I'm having trouble hearing right now."
THINKING = "I'm having trouble thinking right now."
"""Phrases prepared beforehand in the local voice, for when every engine of a stage has failed."""


class Replying:
    """Answers one turn at a time. All methods are called from the event loop; none waits."""

    def __init__(self, config: Config, voices: Voices, skills: Skills) -> None:
        self._config = config
        self._voices = voices
        self._history = History(config.history)
        self.state = SkillState(config.speech.volume, config.speech.rate)
        self._answers = Answers(voices.chat, skills, self._context, self._skill_ran, fast_path=config.skills.fast_path)
        self._house: House | None = None
        self._hand: Hand | None = None
        self.reading = Reading(voices, self._answers, self._prompt, prepares=config.reply.prepare)
        self.overlap_reading = OverlapReading(voices)
        self.sound_vote = SoundVote(voices)
        self.outcome = Outcome()

    def attach(self, house: House) -> None:
        """Join a session."""
        self._house = house
        self.reading.attach(house)
        self.overlap_reading.attach(house)
        self.sound_vote.attach(house)

    @property
    def is_busy(self) -> bool:
        """Whether a reply is in hand."""
        return self._hand is not None

    # what is asked of it

    def answer(self, ended: TurnEnded) -> None:
        """Answer the turn that has ended."""
        turn = Turn(ended.turn)
        turn.times = {Stage.SPEECH_STOPPED: ended.speech_end_s, Stage.TURN_ENDED: ended.at_s}
        hand = Hand(turn)
        self._begin(hand, partial(self._answer, hand, ended))

    def speak(self, turn: Turn, text: str) -> None:
        """Say what nobody asked for."""
        hand = Hand(turn, engine="skills", is_remembered=False)
        self._begin(hand, partial(self._say, hand, _once(text)))

    def _begin(self, hand: Hand, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._hand = hand
        hand.task = self._at_home.tasks.create_task(self._guarded(hand, work))

    @property
    def _at_home(self) -> House:
        if self._house is None:
            raise RuntimeError("attach() comes first")
        return self._house

    def call_off(self) -> None:
        """Void what is in hand: it has not begun to sound."""
        self.overlap_reading.stop()
        if self._hand is not None and self._hand.task is not None:
            self._hand.task.cancel()
        self._hand = None

    def hold(self, duck_db: float | None) -> None:
        """Pause the reply, or lower it."""
        if self._hand is not None and self._hand.reply is not None:
            self._hand.reply.hold(duck_db)

    def release(self) -> None:
        """Let the reply go on."""
        self.overlap_reading.stop()
        if self._hand is not None and self._hand.reply is not None:
            self._hand.reply.release()

    def cut(self, report: Callable[[Cut], None]) -> None:
        """Stop the reply where it is; `report` what was heard, then settle it."""
        hand = self._hand
        if hand is None or hand.reply is None:
            return
        cut = hand.reply.cut()
        self.call_off()
        report(cut)
        hand.turn.heard = cut.heard
        hand.turn.interrupted = True
        self._settle(hand)

    def finish_now(self) -> None:
        """The session ends: settle what is in hand as far as it was heard."""
        if self._hand is not None and Stage.REPLY_STARTED in self._hand.turn.times:
            self.cut(lambda _: None)
        self.call_off()
        self.reading.drop()
        self.sound_vote.drop()

    # how a turn is answered

    async def _answer(self, hand: Hand, ended: TurnEnded) -> None:
        answer = await self._understand(hand, ended)
        if answer is None:
            self._hand = None
            self._at_home.observe(NothingSaid(self._voices.now_s(), hand.turn.id))
            return
        hand.engine = answer.engine
        hand.tools = answer.tools
        await self._say(hand, answer.text)

    async def _understand(self, hand: Hand, ended: TurnEnded) -> Answer | None:
        turn, voices = hand.turn, self._voices
        transcript = Transcript(ended.text, self._config.session.language, "typed")
        audio_s = 0.0
        if ended.reason is not EndReason.TYPED:
            heard = await self.reading.of(ended)
            transcript, audio_s = heard.transcript, heard.audio_s
            if not transcript.text and not transcript.rejected:
                return None
        turn.times[Stage.TRANSCRIPT] = voices.now_s()
        self._at_home.log.transcript(turn, transcript, audio_s)
        hand.is_remembered = not transcript.rejected
        turn.user_text = transcript.text
        return self._answers.to_speech(turn, transcript, self._prompt)

    def _prompt(self, user: str) -> list[Message]:
        return self._history.messages(self._config.reply.system_prompt, user)

    async def _say(self, hand: Hand, text: AsyncIterator[str]) -> None:
        hand.reply = self._mouth(hand)
        await hand.reply.say(text)
        self._end(hand)

    def _mouth(self, hand: Hand, *, is_silent: bool = False) -> SpokenReply | PrintedReply:
        voices = self._voices
        report = Report(hand, self._at_home, voices.now_s)
        if is_silent or voices.synthesizer is None or voices.player is None:
            return PrintedReply(hand.turn, report)
        voices.synthesizer.rate = self.state.rate
        return SpokenReply(hand.turn, voices.player, voices.synthesizer, self.state.volume, report)

    async def _guarded(self, hand: Hand, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Whatever goes wrong with a turn ends the turn, audibly, and not the session."""
        try:
            await work()
        except (FileError, BrokenPipeError):
            raise  # what is told can no longer be written: that ends the session
        except Exception as error:  # noqa: BLE001 - one of two places: around a turn
            _log.debug("turn %d failed", hand.turn.id, exc_info=True)
            await self._fail(hand, error)

    async def _fail(self, hand: Hand, error: Exception) -> None:
        turn = hand.turn
        turn.error = error
        known = isinstance(error, LocalVoiceError)
        message = str(error) if known else f"unexpected: {type(error).__name__}: {error}"
        self._at_home.log.trouble("error", type(error).__name__, message)
        phrase = THINKING if Stage.TRANSCRIPT in turn.times else HEARING
        prepared = self._voices.phrases.get(phrase)
        reply = hand.reply
        if reply is None or Stage.REPLY_STARTED not in turn.times:
            turn.origin, hand.engine, hand.is_remembered = Origin.FALLBACK, "prepared", False
            hand.reply = reply = self._mouth(hand, is_silent=prepared is None)
        await reply.end_with(prepared or SpeechChunk(phrase, silence(0), SPEECH_RATE_HZ))
        self._end(hand)

    # how it is settled

    def _end(self, hand: Hand) -> None:
        ended = ReplyEnded(self._voices.now_s(), hand.turn.id)
        if self._at_home.is_contested():
            self._at_home.observe(ended)  # an overlap is undecided: the user takes the turn, and `cut` settles
            return
        hand.turn.heard = hand.turn.reply_text
        self._hand = None
        self._settle(hand)
        self._at_home.observe(ended)

    def _settle(self, hand: Hand) -> None:
        turn = hand.turn
        self._at_home.log.reply_finished(turn)
        self.outcome.take(turn)
        if hand.starts_over:
            self._history.clear()
        elif hand.is_remembered:
            self._history.commit(turn.user_text, turn.heard, interrupted=turn.interrupted, tools=tuple(hand.tools))

    # skills

    def _context(self) -> SkillContext:
        return self.state.context(datetime.now().astimezone(), self._voices.now_s(), self._history.last_reply)

    def _skill_ran(self, turn: Turn, call: ToolCall, result: SkillResult) -> None:
        now_s = self._voices.now_s()
        self._at_home.log.tool(turn, call, result.data)
        for effect in result.effects:
            self.state.apply(effect, now_s)
        if self._hand is not None:
            self._hand.starts_over |= any(isinstance(effect, StartOver) for effect in result.effects)
        self._at_home.observe(ToolRan(now_s, turn.id, bool(result.effects)))


async def _once(text: str) -> AsyncIterator[str]:
    yield text
