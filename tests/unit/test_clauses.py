"""Text as a model writes it, cut into clauses."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.text.clauses import FIRST_MAX_CHARS, MAX_CHARS, ClauseSplitter, clauses


def split(*parts: str) -> list[str]:
    splitter = ClauseSplitter()
    return [clause for part in parts for clause in splitter.feed(part)] + splitter.finish()


TEXT = st.text(
    st.one_of(st.sampled_from(" \n.,;:!?—…-\"')*019aIBz"), st.characters(codec="utf-8")), max_size=400
) | st.lists(
    st.sampled_from(
        ["Dr.", "e.g.", "p.m.", "3.14", "1,000", "Hello!", "well,", "so", "—", "No.", "http://a.b/?c=d", "\n"]
    )
).map(" ".join)


@given(st.lists(TEXT))
def test_clauses_put_together_are_the_text(parts: list[str]):
    assert "".join(split(*parts)) == "".join(parts)


@given(st.lists(TEXT))
def test_no_clause_is_empty(parts: list[str]):
    assert all(split(*parts))


PLAIN = st.text(st.sampled_from("     ....,,!?\n—abcXYZ12"), max_size=300).filter(
    # whether these end a sentence depends on what follows, so an early cut at the limit is allowed to differ
    lambda text: "." not in text or not any(char in text.lower() for char in "pnx12")
)


@given(PLAIN, st.lists(st.integers(1, 9), min_size=1))
def test_cutting_the_stream_elsewhere_gives_the_same_clauses(text: str, sizes: list[int]):
    parts, rest, i = [], text, 0
    while rest:
        size = sizes[i % len(sizes)]
        parts.append(rest[:size])
        rest = rest[size:]
        i += 1
    assert split(*parts) == split(text)


@given(TEXT)
def test_a_clause_is_bounded_unless_it_is_one_word(text: str):
    first, *later = split(text) or [""]
    for clause, limit in [(first, FIRST_MAX_CHARS), *((clause, MAX_CHARS) for clause in later)]:
        assert len(clause.lstrip()) <= limit or len(clause.split()) == 1


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_word_without_an_end_is_cut_at_the_limit(size: int):
    text = "a.b" * 1000
    found = split(*(text[at : at + size] for at in range(0, len(text), size)))
    assert "".join(found) == text
    assert max(map(len, found)) == MAX_CHARS


def test_a_long_address_stays_whole():
    address = "https://example.com/" + "abc/" * 200
    assert split(f"Look at {address} and tell me.") == ["Look at", f" {address}", " and tell me."]


@pytest.mark.parametrize("clock", ["12\uff1a30", "1\uff0c200", "3\uff1a05"])
def test_a_wide_mark_between_digits_ends_nothing(clock: str):
    text = f"天气预报说明天早上大约在{clock}会下雨\uff0c你最好带伞。"
    for size in (1, 100):
        first = split(*(text[at : at + size] for at in range(0, len(text), size)))[0]
        assert first == f"天气预报说明天早上大约在{clock}会下雨\uff0c"


@pytest.mark.parametrize("size", [1, 100])
def test_languages_without_spaces_are_cut_at_their_own_marks(size: int):
    sentences = ["今天天气很好\uff0c我们一起去公园散步吧。", "「好\uff01」", "她说。", "你呢\uff1f"]
    text = "".join(sentences)
    assert split(*(text[at : at + size] for at in range(0, len(text), size))) == sentences


def test_the_first_clause_ends_at_a_comma_and_later_ones_at_sentences():
    text = "The capital of France is Paris, a city on the Seine. It is old, big, and loud. Anything else?"
    assert split(text) == [
        "The capital of France is Paris,",
        " a city on the Seine.",
        " It is old, big, and loud.",
        " Anything else?",
    ]


@pytest.mark.parametrize("mark", [",", ";", ":", " \u2013", " -", "—"])
def test_every_soft_mark_ends_the_first_clause(mark: str):
    assert split(f"Here is my answer{mark} it is long") == [f"Here is my answer{mark}", " it is long"]


def test_a_comma_after_one_short_word_does_not_end_the_first_clause():
    assert split("Well, I think that is right. Yes.") == ["Well, I think that is right.", " Yes."]


def test_a_short_sentence_is_a_clause():
    assert split("Hello! How can I help you?") == ["Hello!", " How can I help you?"]


def test_a_sentence_is_ready_as_soon_as_the_space_behind_it_is_seen():
    splitter = ClauseSplitter()
    assert splitter.feed("It is sunny") == []
    assert splitter.feed(".") == []
    assert splitter.feed(" And") == ["It is sunny."]


def test_a_first_clause_without_marks_is_ready_at_sixty_characters():
    splitter = ClauseSplitter()
    words = ("once upon a time there was a little fox who lived in a green forest " * 2).split(" ")
    ready = [(i, clause) for i, word in enumerate(words) for clause in splitter.feed(word + " ")]
    i, clause = ready[0]
    assert clause == "once upon a time there was a little fox who lived in a green"
    assert len(" ".join(words[:i])) <= FIRST_MAX_CHARS


@pytest.mark.parametrize("amount", ["25 km", "25 °C", "3 GB"])
def test_a_number_and_its_unit_stay_together(amount: str):
    start = "so from where we are standing right now it would be about"
    first, second = split(f"{start} {amount} more or less")
    assert first == start[: len(first)]
    assert amount in second


def test_a_program_is_one_clause_however_long():
    program = "```python\n" + "print(1). Then more, and more.\n\n" * 20 + "```"
    assert split(f"Here it is:\n{program}\nThat is all.") == ["Here it is:", f"\n{program}", "\nThat is all."]


def test_a_program_without_an_end_is_not_lost():
    assert "".join(split("Look:\n```\nprint(1)\nprint(2)")) == "Look:\n```\nprint(1)\nprint(2)"


def test_a_long_later_sentence_is_cut_at_its_last_comma_that_fits():
    sentence = "it has " + "many words " * 15 + "here, and " + "more of them " * 10 + "there."
    first, second, third = split("Okay. " + sentence)
    assert (first, second[-5:], third[:4]) == ("Okay.", "here,", " and")


@pytest.mark.parametrize(
    "text",
    [
        "Pi is 3.14 and more",
        "It costs 1,000 euros",
        "Ask Dr. Smith",
        "Ask Mrs. Smith, J. Doe",
        "Fruit (e.g. apples)",
        "Fruit (e.g.) sells",
        "It is 10:30 now",
        "At 5 p.m. we go",
        "See https://example.com/a?b=c,d now",
        "Take No. 5 home",
        "1. Open it",
        "At 9 a.m. EST we go",
        "Am 3. Oktober und am 4. Mai",
        "Der 1., 2. und 3. Platz",
        "Heinrich VIII. und II. Weltkrieg im 20. Jh. vorbei",
        "Obst, z. B. Nüsse, d. h. Essen",
        "Nr. 5, vgl. Mio. Euro, 44 v. Chr.",
    ],
)
def test_marks_inside_words_and_abbreviations_end_nothing(text: str):
    assert split("Yes. " + text) == ["Yes.", " " + text]


def test_a_number_ends_a_sentence_where_it_counts_nothing():
    assert split("Yes. It is", " 42. And", " more. It is 3. O", "ktober. At 5 p.m. Then we") == [
        "Yes.",
        " It is 42.",
        " And more.",
        " It is 3. Oktober.",
        " At 5 p.m.",
        " Then we",
    ]


def test_a_minus_between_numbers_ends_no_clause():
    assert split("We have 12 apples - 5 less, so 7") == ["We have 12 apples - 5 less,", " so 7"]


def test_a_decimal_split_over_two_parts_stays_whole():
    assert split("Yes. It is 3", ".", "14 now. Fine") == ["Yes.", " It is 3.14 now.", " Fine"]


def test_an_abbreviation_before_a_capital_letter_ends_the_sentence():
    assert split("We meet at 5 p.m. Do not", " be late. No. Never.") == [
        "We meet at 5 p.m.",
        " Do not be late.",
        " No.",
        " Never.",
    ]


def test_closing_quotes_stay_with_their_sentence():
    assert split('"Go on." **Why?** Because.') == ['"Go on."', " **Why?**", " Because."]


def test_a_line_is_a_clause_of_its_own():
    assert split("# Plan \n\n- one\n- two") == ["# Plan", " \n\n- one", "\n- two"]


async def stream(*parts: str) -> AsyncIterator[str]:
    for part in parts:
        yield part


async def test_the_stream_gives_each_clause_before_the_next_part_is_asked_for():
    asked = []

    async def parts() -> AsyncIterator[str]:
        for part in ("Hello. ", "How are", " you? ", "Bye"):
            asked.append(part)
            yield part

    seen = [(clause, len(asked)) async for clause in clauses(parts())]
    assert seen == [("Hello.", 1), (" How are you?", 3), (" Bye", 4)]


async def test_closing_the_clauses_closes_the_parts():
    closed = []

    async def parts() -> AsyncIterator[str]:
        try:
            yield "Hello. "
            yield "Never. "
        finally:
            closed.append(True)

    reading = clauses(parts())
    await anext(reading)
    await reading.aclose()
    assert closed


async def test_an_empty_stream_has_no_clauses():
    assert [clause async for clause in clauses(stream())] == []
