"""Customers: which of those that are known a caller is."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who calls or books. `phone` is E.164, `email` in lower case."""

    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    language: str | None
    time_zone: str | None


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of somebody who called."""

    name: str | None
    email: str | None
    phone: str | None
    language: str | None
    time_zone: str | None


def are_one(by_phone: Customer, by_email: Customer) -> bool:
    """Whether the one with a caller's number and the one with the same caller's address are the same person.

    They are where nothing speaks against it: neither has a number or an address of its own that the other has not, nor
    another name. Two persons in one row would be worse than one person in two.
    """
    if by_phone.email is not None or by_email.phone is not None:
        return False
    names = {one.name.casefold() for one in (by_phone, by_email) if one.name}
    return len(names) < 2


def learnt(customer: Customer, caller: Caller) -> dict[str, Any]:
    """What a call adds to a customer: what was missing. What is known stays; the language is that spoken last."""
    found = {
        name: getattr(caller, name)
        for name in ("name", "email", "phone", "time_zone")
        if getattr(customer, name) is None and getattr(caller, name) is not None
    }
    if caller.language is not None and caller.language != customer.language:
        found["language"] = caller.language
    return found
