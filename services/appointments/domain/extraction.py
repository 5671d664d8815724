"""What a caller wants, read from the data of a call through its company's mapping.

Nothing here fails on data, whatever it holds: what is missing, wrong or impossible becomes a Trouble that people can see.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from services.appointments.domain import typed_values
from services.appointments.domain.appointments import EventType
from services.appointments.domain.call_data import Found, find, shown
from services.appointments.domain.clock_times import MomentContradictsError, MomentUnreadableError
from services.appointments.domain.companies import Company
from services.appointments.domain.moments import Hearing, Said, understand
from services.appointments.domain.phones import read_phone
from services.appointments.domain.problems import Problem, Trouble
from services.appointments.domain.requests import PEOPLE, CallFacts, ReadFact, Request
from services.appointments.domain.services import choose
from services.appointments.domain.times_wanted import Frame, decide
from services.appointments.domain.typed_values import WrongTypeError

ValueT = TypeVar("ValueT")

AS_FAR_AS_PEOPLE_SAY = 2 * 366
"""Days. What people give by hand is only checked for slips."""


def extract(call: CallFacts, company: Company, offered: Sequence[EventType] | None, now: datetime) -> Request:
    """Read a call's request. `offered` are the event types of the company's calendar, None where it has no calendar."""
    return _Extraction(call, company, offered, now).run()


class _Extraction:
    """One reading of one call."""

    def __init__(self, call: CallFacts, company: Company, offered: Sequence[EventType] | None, now: datetime) -> None:
        self._call, self._company, self._offered, self._now = call, company, offered, now
        self._facts: dict[str, ReadFact] = {}
        self._troubles: list[Trouble] = []
        self._notices: list[Trouble] = []

    def run(self) -> Request:
        name = self._read("name", typed_values.text, self._notices)
        email = self._read("email", typed_values.email, self._notices)
        phone = self._read("phone", self._as_phone, self._notices) or self._call.caller_number
        language = self._read("language", typed_values.language, self._notices) or self._company.language
        zone = self._read("time_zone", _as_zone, self._notices) or self._company.zone
        notes = self._read("notes", lambda value: typed_values.text(value, typed_values.LONGEST_NOTES), self._notices)
        event_type = self._service()
        length = self._length(event_type)
        said = self._said(zone, language)
        wants = self._wants(is_said=said is not None)
        starts_at = self._starts_at(said, zone, length) if wants and said is not None else None
        if wants:
            self._check(said, email, phone)
        return Request(
            wants_appointment=wants,
            name=name or _name_from(email, phone),
            email=email,
            phone=phone,
            language=language,
            time_zone=zone.key,
            notes=notes or "",
            event_type=event_type,
            starts_at=starts_at,
            ends_at=None if starts_at is None else starts_at + length,
            facts=self._facts,
            troubles=tuple(self._troubles) if wants else (),
            notices=tuple(self._notices if wants else [*self._notices, *self._troubles]),
        )

    def _read(self, fact: str, convert: Callable[[Any], ValueT], faults: list[Trouble]) -> ValueT | None:
        """The first value of a fact that can be read; what cannot be is kept among the faults, if none can."""
        failures: list[Trouble] = []
        for found in self._found(fact):
            try:
                value = convert(found.value)
            except WrongTypeError as error:
                failures.append(Trouble(Problem.WRONG_TYPE, f"{found.source}: {error}", fact))
                self._facts.setdefault(fact, ReadFact(None, found.source, shown(found.value)))
                continue
            kept = value.key if isinstance(value, ZoneInfo) else value
            self._facts[fact] = ReadFact(kept, found.source, shown(found.value))
            return value
        faults.extend(failures)
        return None

    def _found(self, fact: str) -> list[Found]:
        if self._call.mended.get(fact) is not None:
            return [Found(self._call.mended[fact], PEOPLE)]
        if fact in {"date", "time"} and self._call.mended.get("starts_at") is not None:
            return []
        return find(self._call.data, self._company.mapping.get(fact, ()))

    def _as_phone(self, value: Any) -> str:
        number = read_phone(typed_values.text_or_number(value), self._company.country)
        if number is None:
            raise WrongTypeError("a phone number is expected, with its country")
        return number

    def _wants(self, *, is_said: bool) -> bool:
        """Whether an appointment is wanted: as the agent says, else whenever a time or a service was named."""
        answers: dict[bool, str] = {}
        for found in self._found("wants_appointment"):
            try:
                answer = typed_values.yes_or_no(found.value)
            except WrongTypeError as error:
                self._troubles.append(Trouble(Problem.WRONG_TYPE, f"{found.source}: {error}", "wants_appointment"))
                continue
            self._facts.setdefault("wants_appointment", ReadFact(answer, found.source, shown(found.value)))
            answers.setdefault(answer, found.source)
        named = is_said or "service" in self._facts
        if len(answers) > 1:
            self._contradict(f"{answers[True]} says yes, {answers[False]} says no", "wants_appointment")
            return True
        if answers.keys() == {False} and is_said and answers[False] != PEOPLE:
            self._contradict(f"{answers[False]} says no, and a time was named", "wants_appointment")
            return True
        wrong = any(one.fact == "wants_appointment" for one in self._troubles)
        return next(iter(answers), named or wrong)

    def _service(self) -> EventType | None:
        if self._offered is None:
            self._troubles.append(Trouble(Problem.NO_CALENDAR, "there is no connection to Cal.com", "service"))
            return None
        chosen: list[EventType] = []
        failures: list[Trouble] = []
        for found in self._found("service") or [Found(None, "")]:
            meant = self._meant(found)
            if isinstance(meant, Trouble):
                failures.append(meant)
            elif meant not in chosen:
                chosen.append(meant)
        if len(chosen) > 1:
            self._contradict(f"{' and '.join(one.slug for one in chosen)} are both named", "service")
        elif not chosen:
            self._troubles.extend(failures[:1])
        return chosen[0] if chosen else None

    def _meant(self, found: Found) -> EventType | Trouble:
        said: str | None = None
        if found.value is not None:
            self._facts.setdefault("service", ReadFact(None, found.source, shown(found.value)))
            try:
                said = typed_values.text_or_number(found.value)
            except WrongTypeError as error:
                return Trouble(Problem.WRONG_TYPE, f"{found.source}: {error}", "service")
        meant = choose(said, self._company.services, self._company.default_service, self._offered or ())
        if isinstance(meant, EventType) and found.value is not None:
            self._facts["service"] = ReadFact(meant.slug, found.source, shown(found.value))
        return meant

    def _length(self, event_type: EventType | None) -> timedelta:
        """As it was said, where the event type can have that length; else its usual one."""
        said = self._read("length", typed_values.minutes, self._notices)
        usual = event_type.length_minutes if event_type is not None else 30
        lengths = event_type.lengths if event_type is not None else ()
        if said is not None and said != usual and said not in lengths:
            detail = f"{said} minutes cannot be booked: it will be {usual}"
            self._notices.append(Trouble(Problem.WRONG_TYPE, detail, "length"))
            said = None
        return timedelta(minutes=said or usual)

    def _said(self, zone: ZoneInfo, language: str) -> Said | None:
        """What was said of the time, in one field or in two; None where nothing was, or nothing readable."""
        hearing = Hearing(
            at=self._call.said_at,
            zone=zone,
            languages=(language, self._company.language),
            date_order=self._company.date_order,
            next_weekday=self._company.next_weekday,
        )
        spoken = [
            *self._listen("starts_at", "both", hearing),
            *self._listen("date", "date", hearing),
            *self._listen("time", "time", hearing),
        ]
        if not spoken:
            return None
        try:
            return _joined(spoken, zone)
        except MomentContradictsError as error:
            self._contradict(str(error), "starts_at")
            return spoken[0]

    def _listen(self, fact: str, expected: Any, hearing: Hearing) -> list[Said]:
        heard: list[Said] = []
        for found in self._found(fact):
            self._facts.setdefault(fact, ReadFact(None, found.source, shown(found.value)))
            try:
                said = understand(typed_values.text_or_number(found.value), hearing, expected)
            except WrongTypeError as error:
                self._troubles.append(Trouble(Problem.WRONG_TYPE, f"{found.source}: {error}", fact))
            except MomentUnreadableError as error:
                self._troubles.append(Trouble(Problem.UNREADABLE_TIME, f"{found.source}: {error}", fact))
            except MomentContradictsError as error:
                self._contradict(f"{found.source}: {error}", fact)
            else:
                heard.append(said)
                self._facts[fact] = ReadFact(_said_json(said), found.source, shown(found.value))
        return heard

    def _starts_at(self, said: Said, zone: ZoneInfo, length: timedelta) -> datetime | None:
        by_people = PEOPLE in {
            fact.source for name, fact in self._facts.items() if name in {"starts_at", "date", "time"}
        }
        frame = Frame(
            now=self._now,
            zone=zone,
            company_zone=self._company.zone,
            length=length,
            farthest=timedelta(days=AS_FAR_AS_PEOPLE_SAY if by_people else self._company.farthest_days),
            opening_hours=None if by_people else self._company.opening_hours,
        )
        decided = decide(said, frame)
        if isinstance(decided, datetime):
            return decided
        self._troubles.append(decided)
        return None

    def _check(self, said: Said | None, email: str | None, phone: str | None) -> None:
        if said is None and not any(one.fact in {"starts_at", "date", "time"} for one in self._troubles):
            self._troubles.append(Trouble(Problem.NO_TIME, "no time was named", "starts_at"))
        if email is None and phone is None:
            self._troubles.append(
                Trouble(Problem.NO_CONTACT, "neither an e-mail address nor a phone number is known", "email")
            )

    def _contradict(self, detail: str, fact: str) -> None:
        self._troubles.append(Trouble(Problem.CONTRADICTION, detail, fact))


def _joined(spoken: Sequence[Said], zone: ZoneInfo) -> Said:
    """What several fields say together. Raises MomentContradictsError where they do not agree."""
    instants = {one.instant.astimezone(UTC) for one in spoken if one.instant is not None}
    if len(instants) > 1:
        raise MomentContradictsError("two times are said")
    dates = _common([one.dates for one in spoken if one.dates])
    times = _common([one.times for one in spoken if one.times])
    if not instants:
        return Said(dates=dates, times=times)
    (instant,) = instants
    local = instant.astimezone(zone)
    if (dates and local.date() not in dates) or (times and local.time() not in times):
        raise MomentContradictsError(f"{local.isoformat()} is said, and another day or time of day")
    return Said(instant=instant)


def _common(choices: Sequence[tuple[ValueT, ...]]) -> tuple[ValueT, ...]:
    if not choices:
        return ()
    found = tuple(one for one in choices[0] if all(one in other for other in choices))
    if not found:
        raise MomentContradictsError(
            " and ".join(str(choice[0]) for choice in dict.fromkeys(choices)) + " are both said"
        )
    return found


def _said_json(said: Said) -> Any:
    if said.instant is not None:
        return said.instant.isoformat()
    return {"dates": [str(one) for one in said.dates], "times": [f"{one:%H:%M}" for one in said.times]}


def _as_zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(typed_values.text(value))
    except (ValueError, OSError, LookupError):
        raise WrongTypeError("a time zone is expected, such as Europe/Berlin") from None


def _name_from(email: str | None, phone: str | None) -> str:
    """What to call somebody who has not said a name: a calendar wants one."""
    return email.partition("@")[0] if email else (phone or "Caller")
