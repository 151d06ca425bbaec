"""Text as written, made speakable, and the way back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localvoice.messages import WordTime
from localvoice.text.speakable import Verbalizer, speakable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Plain words, 3.14 and 10:30.", "Plain words, 3.14 and 10:30."),
        ("**Bold**, *italic*, __both__, `code` and ~~gone~~", "Bold, italic, both, code and gone"),
        ("## A heading", "A heading"),
        ("\n- [x] an item", "\nan item"),
        ("\n* an item", "\nan item"),
        ("> quoted", "quoted"),
        ("Read [the manual](https://example.com/a?b=c).", "Read the manual."),
        ("As shown[1] before", "As shown before"),
        ("See https://www.example.com/a/b?c=d, please", "See example dot com, please"),
        ("See https://docs.example.org.", "See docs dot example dot org."),
        ("Write to anna.b@mail.example.com!", "Write to anna.b at mail dot example dot com!"),
        ("It is 25 °C, 25°C or 77°F", "It is 25 degrees Celsius, 25 degrees Celsius or 77 degrees Fahrenheit"),
        ("100% of 50 km/h, not 1 km", "100 percent of 50 kilometers per hour, not 1 kilometer"),
        ("21 km and 0.1 kg", "21 kilometers and 0.1 kilograms"),
        ("$5, $1, $5.20, $3.5 million and 20 €", "5 dollars, 1 dollar, 5 dollars 20, 3.5 million dollars and 20 euros"),
        ("salt & pepper", "salt and pepper"),
        ("fruit, e.g. apples, i.e. food etc.", "fruit, for example apples, that is food et cetera"),
        ("Dr. Smith and Mrs. Jones", "Doctor Smith and Missus Jones"),
        ("2 + 3 = 5, 2 * 3, 10\u201320, -5", "2 plus 3 equals 5, 2 times 3, 10 to 20, minus 5"),
        ("snake_case and TCP/IP", "snake case and TCP IP"),
        ("[[h@loU]] there", " h@loU  there"),
        ("Great 🎉 news", "Great   news"),
        ("one\x00two \ud83d", "one two  "),
        ("👍🏽", ""),
        (" — \n", ""),
        ("```python", ""),
        ("---", ""),
        ("", ""),
    ],
)
def test_what_is_said(written: str, spoken: str):
    assert speakable(written).text == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("at 7:00, 7:00 pm and 14:00", "at 7 o'clock, 7 pm and 14 hundred"),
        ("from 9:05 to 0:00", "from 9 oh 5 to midnight"),
        ("2026-11-21T10:30Z", "November 21, 2026, 10:30 UTC"),
        ("at 2026-11-21T15:00:00.5+01:00.", "at November 21, 2026, 15 hundred."),
        ("2026-11-21 or 11/21/2026", "November 21, 2026 or November 21, 2026"),
        ("2026-13-41 is none, 13/13/2026 neither", "2026-13-41 is none, 13/13/2026 neither"),
        ("1 1/2 cups, 1/2 a cup, 3/4 and ½", "1 and a half cups, one half a cup, three quarters and one half"),
        ("call 555-0199", "call 5 5 5, 0 1 9 9"),
        ("(212) 555-0199", "2 1 2, 5 5 5, 0 1 9 9"),
        ("the 90s, the 1980s, #1, 10k", "the nineties, the 19 eighties, number 1, 10 thousand"),
        ("open 24/7", "open 24 7"),
    ],
)
def test_how_english_says_times_dates_and_figures(written: str, spoken: str):
    assert speakable(written).text == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("$10-20 or $10\u2013$20", "10 to 20 dollars or 10 dollars to 20 dollars"),
        ("5-10 minutes, 1990-1995, 50%-60%", "5 to 10 minutes, 1990 to 1995, 50 percent to 60 percent"),
        ("9am-5pm, pages 3-5, a 3:1 ratio", "9am to 5pm, pages 3 to 5, a 3 to 1 ratio"),
        (
            "ISBN 978-3-16-148410-0, COVID-19, R2-D2, 1-800-FLOWERS",
            "ISBN 978-3-16-148410-0, COVID-19, R2-D2, 1-800-FLOWERS",
        ),
        (
            "£3k, $2.5bn, $1.2M, US$5, 50\u00a2",
            "3 thousand pounds, 2.5 billion dollars, 1.2 million dollars, 5 US dollars, 50 cents",
        ),
        ("EUR 20, 20 EUR, $1k", "20 euros, 20 euros, 1 thousand dollars"),
        ("Henry VIII, World War II, Chapter IV", "Henry the 8th, World War 2, Chapter 4"),
        ("John I think, I am", "John I think, I am"),
        (
            "3/8 cup, 2\u00bd cups, 1 \u215b, \u00be",
            "three eighths cup, 2 and a half cups, 1 and one eighth, three quarters",
        ),
        ("7/10, 50/50, 9/11, 13/8", "7 out of 10, 50 50, 9 11, 13/8"),
        ("+49 30 1234567 or 555.123.4567", "plus 4 9, 3 0, 1 2 3 4 5 6 7 or 5 5 5, 1 2 3, 4 5 6 7"),
        ("Python 3.11.2 and v2.0.1", "Python 3.11.2 and v2.0.1"),
        (
            "-5 \u00b0C, \u221212\u00b0F, from -5 to 5",
            "minus 5 degrees Celsius, minus 12 degrees Fahrenheit, from minus 5 to 5",
        ),
        (
            "x^2 + y^3, 10^6, 5 < 7, 7 > 5",
            "x squared plus y cubed, 10 to the power of 6, 5 is less than 7, 7 is greater than 5",
        ),
        (
            "5-3=2, 6/2 = 3, (2+3)*4, 3 x 4",
            "5 minus 3 equals 2, 6 divided by 2 equals 3, (2 plus 3) times 4, 3 times 4",
        ),
        (r"$E = mc^2$ but $5", "E equals mc squared but 5 dollars"),
        (r"half is \frac{1}{2} here", "half is 1 divided by 2 here"),
        ("example.com:8080/a?b and ftp://files.example.org/x", "example dot com and files dot example dot org"),
        ("one<br>two &amp; three [link][1], see[^note]", "one two and three link, see"),
        ("fine :) thanks ;-) <3", "fine thanks"),
        (
            "3 GHz, 5 kW, 60 fps, 2 tbsp, 90 s, 3 oz. of it",
            "3 gigahertz, 5 kilowatts, 60 frames per second, 2 tablespoons, 90 seconds, 3 ounces of it",
        ),
        ("6 ft 2 in, 5'10\", 100 m\u00b2", "6 feet 2 inches, 5 foot 10, 100 square meters"),
        (
            "Mt. Everest, St. John, Main St., Jan. 5, w/ milk, C#",
            "Mount Everest, Saint John, Main Street, January 5, with milk, C sharp",
        ),
        ("4K and 20K", "4K and 20 thousand"),
        ("Settings > Privacy \u2192 Camera, a < b", "Settings, Privacy, Camera, a is less than b"),
    ],
)
def test_what_a_listener_would_stumble_over(written: str, spoken: str):
    assert " ".join(speakable(written).text.split()) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Am 3. Oktober, der 2. und 3. Platz", "Am dritten Oktober, der zweite und dritte Platz"),
        ("am 21.11. um 14.30 Uhr, 9-17 Uhr", "am einundzwanzigsten November um 14 Uhr 30, 9 bis 17 Uhr"),
        ("Es steht 3:1 im Format 16:9", "Es steht 3 zu 1 im Format 16 zu 9"),
        ("Ludwig XIV., Heinrich VIII. und Kapitel IV", "Ludwig der Vierzehnte, Heinrich der Achte und Kapitel 4"),
        ("3/8 Tasse, 1/2 Liter, 2\u00bd Tassen", "3 Achtel Tasse, ein halb Liter, 2 einhalb Tassen"),
        ("030/1234567 oder 0800 1234567", "0 3 0, 1 2 3 4 5 6 7 oder 0 8 0 0, 1 2 3 4 5 6 7"),
        ("3 Mio. \u20ac, 2,5 Mrd. Euro, 5 EUR", "3 Millionen Euro, 2,5 Milliarden Euro, 5 Euro"),
        ("10-20 \u20ac, 5 W, 100 l, 3 h, 2 EL", "10 bis 20 Euro, 5 Watt, 100 Liter, 3 Stunden, 2 Esslöffel"),
        ("\u00a7 5 Abs. 2, vgl. S. 7, 44 v. Chr.", "Paragraf 5 Absatz 2, vergleiche Seite 7, 44 vor Christus"),
        ("x^2 = 4, 6 : 2 = 3, 5 < 7", "x Quadrat gleich 4, 6 geteilt durch 2 gleich 3, 5 ist kleiner als 7"),
        ("Version 3.11.2, 1.000.000 Menschen", "Version 3.11.2, 1.000.000 Menschen"),
    ],
)
def test_what_a_german_listener_would_stumble_over(written: str, spoken: str):
    assert " ".join(Verbalizer("de")(written).text.split()) == spoken


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("de", "25 °C, 1 km, 3,5 kg", "25 Grad Celsius, 1 Kilometer, 3,5 Kilogramm"),
        ("de", "Es kostet 3,50 €, z. B. 1.200 € & 5 %", "Es kostet 3 Euro 50, zum Beispiel 1.200 Euro und 5 Prozent"),
        (
            "de",
            "Am 21.11.2026 um 10:30 Uhr bei Dr. Roth",
            "Am einundzwanzigsten November 2026 um 10 Uhr 30 bei Doktor Roth",
        ),
        ("de-AT", "um 9:00 und 2 + 3 = 5", "um 9 Uhr und 2 plus 3 gleich 5"),
        ("fr", "12 km/h, 3,50 € et 25 %", "12 kilomètres par heure, 3 euros 50 et 25 pour cent"),
        ("fr", "le 3/4/2026 à 10h30", "le 3 avril 2026 à 10 heures 30"),
        ("es", "1 kg, 2 kg y 100 %", "1 kilogramo, 2 kilogramos y 100 por ciento"),
        ("it", "50 km/h & 2 \u00d7 3", "50 chilometri orari e 2 per 3"),
        ("en-GB", "3/4/2026", "3 April 2026"),
        ("ru", "1 km, 2 km, 5 km", "1 километр, 2 километра, 5 километров"),
        ("tlh", "25 °C **now**", "25 °C now"),
    ],
)
def test_how_other_languages_say_units_money_and_dates(language: str, written: str, spoken: str):
    assert Verbalizer(language)(written).text == spoken


@pytest.mark.parametrize("program", ["```python\nprint(1)\n\nx = 2\n```", "\n~~~\nls\n~~~", "```\nhalf a program"])
def test_a_program_is_not_read_aloud(program: str):
    spoken = speakable(program)
    assert spoken.text.strip() == "the code is on the screen"
    assert spoken.written(len(spoken.text) - 6, len(spoken.text))[1] == len(program)
    assert Verbalizer("de")(program).text.strip() == "der Code steht auf dem Bildschirm"


def test_a_users_dictionary_is_followed_before_the_rules_for_signs():
    says = Verbalizer("en", {"gif": "jif", "SQL": "sequel", "New York": "the city", "York": "yorrk", "a&b": "A and B"})
    assert says("A GIF of SQL, not sql; New York, York, Yorkshire").text == (
        "A jif of sequel, not sql; the city, yorrk, Yorkshire"
    )
    assert says("a&b").text == "A and B"
    assert says("A GIF of it").written(2, 5) == (2, 5)


def spoken_word(written: str, word: str) -> str:
    spoken = speakable(written)
    start, end = spoken.written(spoken.text.index(word), spoken.text.index(word) + len(word))
    return written[start:end]


@pytest.mark.parametrize(
    ("written", "word", "original"),
    [
        ("It is **very** cold", "very", "very"),
        ("It is 25 °C", "25", "25"),
        ("It is 25 °C", "Celsius", "°C"),
        ("salt & pepper", "and", "&"),
        ("salt & pepper", "pepper", "pepper"),
        ("Read [the manual](https://example.com) now", "manual", "manual"),
        ("See https://example.com/x now", "com", "com"),
        ("Fruit, e.g. apples", "example", "e.g."),
        ("🎉 Great", "Great", "Great"),
        ("On 2026-11-21 we meet", "November", "2026-11-21"),
        ("Call 555-0199 now", "now", "now"),
        ("It costs 1/2", "half", "1/2"),
        ("It costs $10-20 now", "dollars", "$10-20"),
        ("It costs $10-20 now", "now", "now"),
        ("Henry VIII was king", "8th", "VIII"),
        ("Henry VIII was king", "was", "was"),
        ("5 < 7 holds", "less", "<"),
        ("5 < 7 holds", "holds", "holds"),
        ("Take 2\u00bd cups", "half", "\u00bd"),
        ("Take 2\u00bd cups", "cups", "cups"),
    ],
)
def test_every_spoken_word_knows_what_was_written(written: str, word: str, original: str):
    assert spoken_word(written, word) == original


def test_spoken_words_for_one_written_word_become_one_time():
    spoken = speakable("25 °C now")
    words = [
        WordTime(0, 2, 0.0, 0.2),
        WordTime(3, 10, 0.2, 0.4),
        WordTime(11, 18, 0.4, 0.6),
        WordTime(19, 22, 0.6, 0.8),
    ]
    assert spoken.written_times(words) == (WordTime(0, 2, 0.0, 0.2), WordTime(3, 5, 0.2, 0.6), WordTime(6, 9, 0.6, 0.8))


def test_a_sign_in_front_is_heard_when_its_word_behind_was_said():
    spoken = speakable("$3 million")
    words = [WordTime(0, 1, 0.0, 0.2), WordTime(2, 9, 0.2, 0.4), WordTime(10, 17, 0.4, 0.6)]
    assert spoken.text == "3 million dollars"
    assert spoken.written_times(words) == (WordTime(0, 10, 0.0, 0.6),)


TEXT = st.text(max_size=200) | st.lists(
    st.sampled_from(
        [
            "**a**",
            "[b](c)",
            "http://d.com/e",
            "$1.50",
            "$3 million",
            "5 °C",
            "😀",
            "_",
            "*",
            "|",
            "&",
            "x@y.com",
            "\n- ",
            "e.g.",
            "2026-11-21",
            "10:05",
            "1 1/2",
            "555-0199",
            "$10-20",
            "5-10 %",
            "+49 30 1234567",
            "Henry VIII.",
            "2\u00bd",
            "3/8",
            "x^2",
            "$a=b$",
            "5 < 7",
            "&lt;",
            "\\frac{1}{2}",
        ]
    )
).map(" ".join)


@given(TEXT)
def test_every_spoken_character_stands_for_written_ones(text: str):
    spoken = speakable(text)
    assert len(spoken.spans) == len(spoken.text)
    assert all(0 <= start < end <= len(text) for start, end in spoken.spans)


@given(TEXT)
def test_times_of_written_words_are_in_order_and_do_not_overlap(text: str):
    spoken = speakable(text)
    words = [WordTime(at, at + 1, at, at + 1) for at, char in enumerate(spoken.text) if char.isalnum()]
    times = spoken.written_times(words)
    assert all(one.end <= two.start and one.end_s <= two.start_s for one, two in pairwise(times))


@given(TEXT)
def test_nothing_to_say_is_empty(text: str):
    spoken = speakable(text).text
    assert not spoken or any(char.isalnum() for char in spoken)
