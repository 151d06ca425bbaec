"""The exchange in hand: begun, called off, held, cut and settled. How a turn is answered stands in answering.py."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial

from localvoice.config import Config
from localvoice.messages import Origin, Stage, Turn
from localvoice.session.answering import PREPARED, Answering
from localvoice.session.answers import SKILL_ENGINE
from localvoice.session.guarding import Guarding, Work
from localvoice.session.hand import Equipment, Hand, House, Outcome, Saying
from localvoice.session.overlap_reading import OverlapReading
from localvoice.session.phrases import CONFIRM, LET_ME_THINK, STILL_THERE
from localvoice.session.reply import Cut
from localvoice.session.silences import Silences
from localvoice.session.skill_state import SkillState
from localvoice.session.sound_vote import SoundVote
from localvoice.session.warming import Warming
from localvoice.skills.catalog import Skills
from localvoice.turn.decisions import OverlapStarted, PauseBegan, TurnEnded
from localvoice.turn.observations import NothingSaid, ReplyEnded, ReplyHeard, SpeakRequested

_log = logging.getLogger(__name__)


class Replying:
    """One exchange at a time. All methods are called from the event loop; none waits, above all for no engine."""

    def __init__(self, config: Config, equipment: Equipment, skills: Skills) -> None:
        self._answering = Answering(config, equipment, skills)
        self._guarding = Guarding(self._answering, self._end)
        self._silences = Silences(config.reply)
        self._warming = Warming(equipment.chat, self._answering.so_far, skills.specs(), enabled=config.reply.prepare)
        self._hand: Hand | None = None
        self.following = self._answering.following
        self.following.heed = self._warming.heed
        self.overlap_reading = OverlapReading(equipment)
        self.sound_vote = SoundVote(equipment)
        self.outcome = Outcome()

    def attach(self, house: House) -> None:
        """Join a session."""
        self._answering.attach(house)
        self.following.attach(house)
        self._warming.attach(house)
        self.overlap_reading.attach(house)
        self.sound_vote.attach(house)

    @property
    def is_busy(self) -> bool:
        """Whether a reply is in hand, or prepared."""
        return self._hand is not None

    @property
    def state(self) -> SkillState:
        """What skills have changed."""
        return self._answering.state

    @property
    def saying(self) -> Saying | None:
        """The reply that sounds, or is held; None where there is none."""
        sounding = None if self._hand is None else self._hand.sounding
        if sounding is None or sounding.reply is None or Stage.REPLY_STARTED not in sounding.turn.times:
            return None
        return Saying(sounding.turn.id, sounding.turn.reply_text, sounding.reply.moment().heard)

    # what is asked of it

    def expect(self, pause: PauseBegan) -> None:
        """A pause is likely: begin the answer where a false start costs little."""
        if self._answering.reads_quickly:
            self._prepare(pause)

    def prepare(self, pause: PauseBegan) -> None:
        """The turn may be over: begin the answer, if that is not done, while it is decided; its words have a vote."""
        if self._hand is None or not self._hand.is_preparation_of(pause):
            self._prepare(pause)
        if self._hand is not None:
            self._hand.vote.open()

    def _prepare(self, pause: PauseBegan) -> None:
        self.drop()
        if self._answering.prepares:
            hand = Hand(Turn(pause.turn, times={Stage.PREPARED: pause.at_s}), pause)
            self._begin(hand, partial(self._answer, hand))

    def user_speaks(self) -> None:
        """The user speaks: what was prepared is void, and the silence is over."""
        self._silences.sound_begins()
        self.drop()
        if self._hand is None and self._answering.prepares:
            self._warming.begin()

    def drop(self) -> None:
        """Throw away what is only prepared."""
        if self._hand is not None and not self._hand.gate.is_open:
            self.call_off()

    def answer(self, ended: TurnEnded) -> None:
        """Answer the turn that has ended, with what was prepared where it is of the same words."""
        hand = self._hand
        if hand is None or not hand.is_preparation_of(ended):
            self.call_off()
            hand = Hand(Turn(ended.turn), ended)
            self._begin(hand, partial(self._answer, hand))
        hand.turn.times |= {Stage.SPEECH_STOPPED: ended.speech_end_s, Stage.TURN_ENDED: ended.at_s}
        hand.turn.speculative = bool(hand.turn.reply_text)
        hand.gate.open()

    def speak(self, turn: Turn, text: str) -> None:
        """Say what nobody asked for."""
        self._silences.break_off()  # a prompt is said once
        engine = PREPARED if turn.origin is Origin.FILLER else SKILL_ENGINE
        hand = Hand(turn, engine=engine, is_remembered=False)
        hand.gate.open()
        if turn.origin is Origin.FILLER:
            if self._hand is not None:
                self._hand.begin_filler(hand)
                self._guarding.run(hand, partial(self._say, hand, text))
            return
        self._begin(hand, partial(self._say, hand, text))

    @property
    def due_s(self) -> float:
        """When something will be due though nothing happens, while no reply is in hand. Any thread may ask."""
        return min(self.state.due_s, self._silences.prompt_due_s)

    def due(self, at_s: float) -> Iterator[SpeakRequested]:
        """What nobody asked for and wants to be said now: a timer, a filler, a prompt behind our question."""
        for text in self.state.rung(at_s):
            yield SpeakRequested(at_s, Origin.TIMER, text)
        hand = self._hand
        if hand is None:
            if self._silences.wants_prompt(at_s):
                yield SpeakRequested(at_s, Origin.PROMPT, STILL_THERE)
        elif hand.filler is None and self._silences.wants_filler(hand.turn, at_s):
            filler = CONFIRM if hand.has_run_tool else LET_ME_THINK
            if filler in self._answering.equipment.phrases:
                yield SpeakRequested(at_s, Origin.FILLER, filler)

    def _begin(self, hand: Hand, work: Work) -> None:
        self._hand = hand
        self._guarding.run(hand, work)

    @property
    def _at_home(self) -> House:
        return self._answering.house

    def call_off(self, *, keeps_question: bool = False) -> None:
        """Void what is in hand, whatever it is waiting for: it has not begun to sound.

        `keeps_question`: its words stand before those that follow, unless a tool has done already what they say.
        """
        self.overlap_reading.stop()
        hand, self._hand = self._hand, None
        if hand is None:
            return
        if keeps_question and not hand.has_run_tool:
            self._answering.keep_question(hand)
        for one in (hand, hand.filler):
            if one is not None and one.task is not None:
                one.task.cancel()
        if hand.was_prepared and hand.heard is not None and Stage.REPLY_STARTED not in hand.turn.times:
            self._at_home.log.prepared_dropped(len(hand.turn.reply_text))
            _log.debug("turn %d: %d prepared characters dropped", hand.turn.id, len(hand.turn.reply_text))

    def hold(self, duck_db: float | None) -> None:
        """Pause the reply, or lower it."""
        if self._hand is not None and self._hand.sounding.reply is not None:
            self._hand.sounding.reply.hold(duck_db)

    def tell_context(self, overlap: OverlapStarted) -> None:
        """What the reply was saying when the sound began counts in what it is taken for."""
        if self._hand is not None and self._hand.sounding.reply is not None:
            self.overlap_reading.tell(overlap, self._hand.sounding.reply.moment())

    def release(self) -> float:
        """Let the reply go on; in how many seconds it is at full level.

        The sound is still being read: it may turn out to have been a stop word.
        """
        sounding = None if self._hand is None else self._hand.sounding.reply
        return 0.0 if sounding is None else sounding.release()

    def cut(self, report: Callable[[Cut], None]) -> None:
        """Stop the reply where it is; `report` what was heard, then settle it. A second time nothing is left to do."""
        hand = self._hand
        sounding = None if hand is None else hand.sounding
        if hand is None or sounding is None or sounding.reply is None:
            return
        cut = sounding.reply.cut()
        self.call_off()
        report(cut)
        sounding.turn.heard = cut.heard
        sounding.turn.interrupted = True
        self._settle(sounding)
        if sounding is not hand:
            self._answering.keep_question(hand)
        self._warming.begin()  # what was heard is another history than what was written

    def finish_now(self) -> None:
        """The session ends: settle what is in hand as far as it was heard."""
        self._warming.stop()
        if self._hand is not None and Stage.REPLY_STARTED in self._hand.sounding.turn.times:
            self.cut(lambda _: None)
        self.call_off()
        self.sound_vote.drop()
        self.following.words_vote.drop()
        self.following.stop()

    # how it goes

    async def _answer(self, hand: Hand) -> None:
        if await self._answering.answer(hand):
            self._end(hand)
        else:
            self._hand = None
            now_s = self._answering.equipment.now_s()
            self._silences.nothing_said(now_s)
            self._at_home.observe(NothingSaid(now_s, hand.turn.id))

    async def _say(self, hand: Hand, text: str) -> None:
        await self._answering.say(hand, text)
        self._end(hand)

    # how it is settled

    def _end(self, hand: Hand) -> None:
        ended = ReplyEnded(self._answering.equipment.now_s(), hand.turn.id)
        if self._at_home.is_contested():
            self._at_home.observe(ended)  # an overlap is undecided: the user takes the turn, and `cut` settles
            return
        if not hand.turn.interrupted:
            hand.turn.heard = hand.turn.reply_text
        answered = self._hand if self._hand is not hand else None
        if answered is None:
            self._hand = None
        self._settle(hand)
        self._at_home.observe(ended)
        if answered is not None:  # this was a filler: now the answer may follow
            answered.gate.take_floor()

    def _settle(self, hand: Hand) -> None:
        hand.turn.cost_usd = self._answering.equipment.cost_usd()
        self._at_home.log.reply_finished(hand.turn)
        self.outcome.take(hand.turn)
        self._silences.reply_over(hand.turn, self._answering.equipment.now_s())
        self._answering.remember(hand)
        self._at_home.observe(ReplyHeard(self._answering.equipment.now_s(), hand.turn.heard))
