"""The words in which people say dates and times, for each language: data for `moments`.

A phrase is a regular expression over text that `moments` has prepared: lower case, number words written as digits,
ordinals as a number with `#` behind it. The names of its groups say what was found; `moments` knows what each means.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

DAY, YEAR, HOUR, MINUTE = (
    r"(?P<day>\d{1,2})(?!\d)",
    r"(?P<year>\d{4})",
    r"(?P<hour>\d{1,2})(?!\d)",
    r"(?P<minute>\d{2})",
)
COUNT = r"(?P<count>\d{1,3})(?!\d)"

SHARED = (
    r"(?P<year>\d{4})[-/.](?P<month_number>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)",
    r"(?P<first>\d{1,2})[-/.#]\s?(?P<second>\d{1,2})[-/.#]\s?(?P<year>\d{4}|\d{2})(?!\d)",
    r"(?P<first>\d{1,2})/(?P<second>\d{1,2})(?![\d/])",
    r"(?P<day>\d{1,2})[.#]\s?(?P<month_number>\d{1,2})(?:#|\.(?!\d))",
    rf"{HOUR}:{MINUTE}(?::\d{{2}})?(?: ?(?P<half>am|pm)\b)?",
    rf"{HOUR}\.{MINUTE} ?(?P<half>am|pm)\b",
    rf"{HOUR}\.{MINUTE} ?uhr\b",
    rf"{HOUR} (?P<minute>00|15|30|45)(?![\d:./#])",
)
"""Phrases of figures, the same in every language. The third and the second follow the company's order of dates."""

IN_A_TIME = (rf"{HOUR}\.{MINUTE}(?!\d)", rf"{HOUR}(?: (?P<minute>[0-5]\d))?(?![\d:./#])")
"""Phrases that are clear only where nothing but a time of day is expected."""


@dataclass(frozen=True)
class Words:
    """One language. `numbers` and `ordinals` become figures before the phrases are looked for; `fillers` mean nothing."""

    numbers: Mapping[str, int]
    ordinals: Mapping[str, int]
    weekdays: Mapping[str, int]
    months: Mapping[str, int]
    days: Mapping[str, int]
    parts: Mapping[str, str]
    units: Mapping[str, str]
    phrases: tuple[str, ...]
    fillers: str
    preparations: tuple[tuple[str, str], ...] = ()


def any_of(words: Mapping[str, object]) -> str:
    """A group's alternatives, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _in_order(words: str, start: int) -> dict[str, int]:
    """Words numbered from `start`; other spellings of one stand behind it with `|`."""
    return {word: number for number, group in enumerate(words.split(), start) for word in group.split("|")}


def _english_numbers() -> dict[str, int]:
    found = _in_order(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen",
        0,
    )
    ones = list(found.items())[1:10]
    for tens, word in ((20, "twenty"), (30, "thirty"), (40, "forty"), (50, "fifty")):
        found[word] = tens
        found |= {f"{word}{gap}{one}": tens + number for one, number in ones for gap in (" ", "-")}
    return found


def _english_ordinals() -> dict[str, int]:
    found = _in_order(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
        1,
    )
    ones = list(found.items())[:9]
    found |= {f"twenty{gap}{one}": 20 + number for one, number in ones for gap in (" ", "-")}
    return found | {"thirtieth": 30, "thirty first": 31, "thirty-first": 31}


def _german_numbers() -> dict[str, int]:
    found = _in_order(
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
        "siebzehn achtzehn neunzehn",
        0,
    )
    ones = ["ein", *list(found)[2:10]]
    for tens, word in ((20, "zwanzig"), (30, "dreißig"), (40, "vierzig"), (50, "fünfzig")):
        found[word] = tens
        found |= {f"{one}und{word}": tens + number for number, one in enumerate(ones, 1)}
    found |= dict.fromkeys(("ein", "eine", "einer", "einem", "einen"), 1) | {"zwo": 2}
    return _spelt_otherwise(found)


def _german_ordinals() -> dict[str, int]:
    stems = _in_order(
        "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft dreizehnt vierzehnt fünfzehnt "
        "sechzehnt siebzehnt achtzehnt neunzehnt",
        1,
    )
    ones = ("ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
    stems |= {"zwanzigst": 20, "dreißigst": 30, "einunddreißigst": 31}
    stems |= {f"{one}undzwanzigst": 20 + number for number, one in enumerate(ones, 1)}
    return _spelt_otherwise({stem + ending: number for stem, number in stems.items() for ending in ("e", "en", "er")})


def _spelt_otherwise(words: dict[str, int]) -> dict[str, int]:
    """With the spellings of those who have no umlauts and no ß."""
    plain = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
    return words | {word.translate(plain): value for word, value in words.items()}


_ENGLISH_WEEKDAYS = _in_order(
    "monday|mon tuesday|tue|tues wednesday|wed thursday|thu|thur|thurs friday|fri saturday|sat sunday|sun", 0
)
_ENGLISH_MONTHS = _in_order(
    "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sep|sept october|oct "
    "november|nov december|dec",
    1,
)
_GERMAN_WEEKDAYS = _in_order("montag dienstag mittwoch donnerstag freitag samstag|sonnabend sonntag", 0)
_GERMAN_ABBREVIATIONS = tuple((rf"\b{name[:2]}[.,]", f"{name} ") for name in _GERMAN_WEEKDAYS if name != "sonnabend")
"""Only with a dot or a comma: "so" is a word."""

_GERMAN_MONTHS = _in_order(
    "januar|jänner februar märz|maerz april mai juni juli august september oktober november dezember", 1
)
_GERMAN_PARTS = {
    word: part
    for part, words in {
        "morning": ("früh", "frueh", "morgen", "morgens", "vormittag", "vormittags"),
        "noon": ("mittag", "mittags"),
        "afternoon": ("nachmittag", "nachmittags"),
        "evening": ("abend", "abends"),
        "night": ("nacht", "nachts"),
    }.items()
    for word in words
}


def _english() -> Words:
    weekday, month = f"(?P<weekday>{any_of(_ENGLISH_WEEKDAYS)})", f"(?P<month>{any_of(_ENGLISH_MONTHS)})"
    half, unit = r"(?: ?(?P<half>am|pm)\b)?", r"(?P<unit>minutes?|hours?|days?|weeks?)"
    return Words(
        numbers=_english_numbers(),
        ordinals=_english_ordinals(),
        weekdays=_ENGLISH_WEEKDAYS,
        months=_ENGLISH_MONTHS,
        days={"today": 0, "tomorrow": 1, "the day after tomorrow": 2, "day after tomorrow": 2},
        parts={"morning": "morning", "noon": "noon", "midday": "noon", "afternoon": "afternoon", "evening": "evening"}
        | {"night": "night"},
        units={"minute": "minutes", "hour": "hours", "day": "days", "week": "weeks"},
        phrases=(
            r"(?P<tonight>tonight)",
            r"this (?P<part_of_today>morning|afternoon|evening)",
            rf"(?P<later_week>next week)(?: on)? {weekday}",
            rf"{weekday}(?: of)? (?P<later_week>next week)",
            rf"(?:an?|1) week (?:from|on) {weekday}(?P<plus_week>)",
            rf"{weekday} week(?P<plus_week>)",
            rf"(?:(?P<which>this coming|this|coming|next)\s+)?{weekday}",
            rf"(?:the )?{DAY}#? (?:of )?{month}(?:,? {YEAR})?",
            rf"{month} (?:the )?{DAY}#?(?:,? {YEAR})?",
            r"(?:the )?(?P<day>\d{1,2})#",
            r"in (?P<half_hour>half an hour)",
            rf"in (?:an? |1 )?(?P<count_one>){unit}(?: time)?",
            rf"in {COUNT} {unit}(?: time)?",
            rf"half (?:past|after) {HOUR}(?P<is_half_past>){half}",
            rf"(?:a )?quarter (?P<direction>past|after|to|before|of) {HOUR}(?P<is_quarter>){half}",
            rf"{COUNT}(?: minutes?)? (?P<direction>past|after) {HOUR}{half}",
            rf"{COUNT} minutes? (?P<direction>to|before) {HOUR}{half}",  # "ten to twelve" may be two hours
            rf"{HOUR}(?: (?P<minute>[0-5]\d))? ?(?P<half>am|pm)\b",
            rf"{HOUR} ?o'?clock",
            rf"(?:at|around|about) {HOUR}(?: (?P<minute>[0-5]\d))?(?![\d:./#]){half}",
        ),
        fillers=r"on|at|in|the|of|around|about|please|for|o'?clock|local time|sharp",
        preparations=(("\u2019", "'"), (r"\b([ap])\.? ?m\b\.?", r"\1m"), (r"\b(\d{1,2})(?:st|nd|rd|th)\b", r"\1#")),
    )


def _german() -> Words:
    weekday, month = f"(?P<weekday>{any_of(_GERMAN_WEEKDAYS)})", f"(?P<month>{any_of(_GERMAN_MONTHS)})"
    next_, unit = r"n(?:ä|ae)chste[nrsm]?", r"(?P<unit>minuten?|stunden?|tag(?:en?)?|wochen?)"
    uhr = r"(?: ?uhr)?"
    return Words(
        numbers=_german_numbers(),
        ordinals=_german_ordinals(),
        weekdays=_GERMAN_WEEKDAYS,
        months=_GERMAN_MONTHS,
        days={"heute": 0, "morgen": 1, "übermorgen": 2, "uebermorgen": 2},
        parts=_GERMAN_PARTS,
        units={"minute": "minutes", "stunde": "hours", "tag": "days", "woche": "weeks"},
        phrases=(
            r"am (?P<part>morgen|vormittag|nachmittag|abend)(?![\w])",
            rf"(?P<later_week>{next_} woche)(?: am)? {weekday}",
            rf"{weekday}(?: in der)? (?P<later_week>{next_} woche)",
            rf"{weekday} in 1 woche(?P<plus_week>)",
            rf"heute (?P<part_of_today>{any_of(_GERMAN_PARTS)})",
            rf"(?:(?P<which>diese[nrsm]?|kommende[nrsm]?|{next_})\s+)?{weekday}(?: (?P<part>{any_of(_GERMAN_PARTS)}))?",
            rf"{DAY}#? {month}(?: {YEAR})?",
            r"(?P<day>\d{1,2})#",
            r"in 1 (?P<half_hour>halben stunde)",
            rf"in {COUNT} {unit}",
            rf"halb {HOUR}(?P<is_half_to>)",
            rf"dreiviertel {HOUR}(?P<is_quarter>)(?P<direction>)",
            rf"viertel (?P<direction>nach|vor) {HOUR}(?P<is_quarter>){uhr}",
            rf"{COUNT}(?: minuten?)? (?P<direction>nach|vor) (?P<is_half_to>halb) {HOUR}",
            rf"{COUNT}(?: minuten?)? (?P<direction>nach|vor) {HOUR}{uhr}",
            rf"{HOUR} ?uhr(?: (?P<minute>[0-5]?\d)(?![\d:./#]))?",
            rf"(?:um|gegen|ab) {HOUR}#?{uhr}(?: (?P<minute>[0-5]\d))?(?![\d:./])",
        ),
        fillers=r"um|am|an|den|dem|der|des|das|im|in|zur|gegen|ab|uhr|bitte|so|etwa|ca\.?|h",
        preparations=(
            *_GERMAN_ABBREVIATIONS,
            (rf"\b({any_of(_GERMAN_WEEKDAYS)})(?={any_of(_GERMAN_PARTS)})", r"\1 "),
            (r"\b(\d{1,2})\.(?=\s|$)", r"\1#"),
        ),
    )


@cache
def languages() -> Mapping[str, Words]:
    """The languages that are understood, by their ISO 639-1 codes."""
    return {"en": _english(), "de": _german()}
