"""Every kind of message has golden examples: what was once sent must be read for ever, and mean the same."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import ValidationError

from shared import contracts
from shared.contracts.message import Contract

GOLDEN = Path(__file__).parent / "golden"
HOW = (
    "A kind never changes its meaning: older messages lie in queues, and other releases run beside this one. "
    "Add a field with a default, or declare a new kind, and leave what the examples say as it is."
)


def subclasses(of: type[Contract]) -> Iterator[type[Contract]]:
    for one in of.__subclasses__():
        yield one
        yield from subclasses(one)


def declared() -> list[type[Contract]]:
    """Every contract in shared/contracts that has a kind."""
    for module in pkgutil.iter_modules(contracts.__path__):
        importlib.import_module(f"{contracts.__name__}.{module.name}")
    ours = {
        one for one in subclasses(Contract) if one.__module__.startswith(contracts.__name__) and "kind" in vars(one)
    }
    return sorted(ours, key=lambda one: one.kind)


CONTRACTS = declared()
each_kind = pytest.mark.parametrize("contract", CONTRACTS, ids=[one.kind for one in CONTRACTS])


def file_of(contract: type[Contract]) -> Path:
    return GOLDEN / f"{contract.kind}.json"


def examples_of(contract: type[Contract]) -> list[dict[str, Any]]:
    """The fields of each example of a kind."""
    examples: list[dict[str, Any]] = json.loads(file_of(contract).read_text(encoding="utf-8"))["examples"]
    return examples


def test_kinds_are_declared_once() -> None:
    """Two contracts of one kind would each read the other's messages."""
    kinds = [one.kind for one in CONTRACTS]

    twice = sorted({kind for kind in kinds if kinds.count(kind) > 1})

    assert not twice, f"declared more than once, give one of them another kind: {twice}"


def test_every_kind_has_its_examples() -> None:
    """And all examples are of a kind that there is: one that nobody sends any more is still read."""
    written, kinds = {path.stem for path in GOLDEN.glob("*.json")}, {one.kind for one in CONTRACTS}

    missing, orphaned = sorted(kinds - written), sorted(written - kinds)

    form = '{"version": 1, "examples": [{"a_field": "a value", …}]}'
    assert not missing, f"write tests/contracts/golden/<kind>.json, {form}, for: {missing}"
    assert not orphaned, f"these kinds are gone or have another name: {orphaned}. {HOW}"


@each_kind
def test_examples_are_read_and_written_back_the_same(contract: type[Contract]) -> None:
    """Whoever changes, drops or renames a field hears of it here."""
    examples = examples_of(contract)

    again = [contract.model_validate(fields).model_dump(mode="json") for fields in examples]

    assert again == examples, HOW


@each_kind
def test_version_is_that_of_the_examples(contract: type[Contract]) -> None:
    """It travels with each message: receivers may look at it."""
    assert contract.version == json.loads(file_of(contract).read_text(encoding="utf-8"))["version"], HOW


@each_kind
def test_every_field_is_guarded(contract: type[Contract]) -> None:
    """Some example gives each field a value that is not its default, and each of the values that it may have."""
    examples = examples_of(contract)

    unguarded = [
        f"{name} = {value!r}" if value is not None else name
        for name, field in contract.model_fields.items()
        for value in (get_args(field.annotation) if get_origin(field.annotation) is Literal else [None])
        if not any(_guards(example[name], value, field.default) for example in examples)
    ]

    assert not unguarded, f"add an example to {file_of(contract).name} with: {unguarded}"


def _guards(given: Any, value: Any, default: Any) -> bool:
    return bool(given == value if value is not None else given != default)


@each_kind
def test_unknown_fields_are_ignored(contract: type[Contract]) -> None:
    """A newer sender may say more than this release understands."""
    fields = examples_of(contract)[0]

    newer = contract.model_validate({**fields, "a_field_of_tomorrow": {"deep": [1]}})

    assert newer == contract.model_validate(fields)


@each_kind
def test_message_is_a_fact(contract: type[Contract]) -> None:
    """It cannot be changed after it was made."""
    message = contract.model_validate(examples_of(contract)[0])

    for name in contract.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(message, name, None)
