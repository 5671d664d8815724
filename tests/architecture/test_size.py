"""Files and functions that fit on a screen or two."""

from tests.architecture.source import functions_in, lines_of, python_files, text_of

LONGEST_FILE = 300
LONGEST_TEST_FILE = 400
"""A test file mirrors one source file, which has more cases than lines."""
LONGEST_FUNCTION = 50
LONGEST_ACTOR = 15

LONG_FILES = {
    "tests/unit/shared/http/test_client.py": "the one table of everything that a connection can do wrong",
}
"""What may be longer, and why. A file that has become short again has to leave the list."""

LISTS_OF_COLUMNS = "/migrations/"
"""A revision is a list of tables and columns; cutting it into functions would hide its order."""


def test_no_file_is_too_long() -> None:
    """A file that outgrows its limit becomes a package of the same name, split by noun."""
    lengths = {name: text_of(name).count("\n") for name in python_files()}
    too_long = {name for name, length in lengths.items() if length > _limit(name)}
    assert too_long == set(LONG_FILES), (
        f"over {LONGEST_FILE} lines (tests: {LONGEST_TEST_FILE}): {sorted(too_long - set(LONG_FILES))}; make each a "
        "package of the same name, split by noun (handlers/orders.py). No longer too long, take out of LONG_FILES: "
        f"{sorted(set(LONG_FILES) - too_long)}"
    )


def test_no_function_is_too_long() -> None:
    """A function has one thing to do, and a name for it."""
    too_long = [
        f"{name}:{function.lineno} {function.name} has {lines_of(function)} lines"
        for name in python_files()
        if LISTS_OF_COLUMNS not in name
        for function in functions_in(name)
        if lines_of(function) > LONGEST_FUNCTION
    ]
    assert not too_long, f"over {LONGEST_FUNCTION} lines, give its steps names:\n" + "\n".join(too_long)


def test_actors_only_call_a_handler() -> None:
    """What a job does stands in handlers, where it can be tested without a message."""
    too_long = [
        f"{name}:{function.lineno} {function.name} has {lines_of(function)} lines"
        for name in python_files("services")
        if "/actors" in name
        for function in functions_in(name)
        if lines_of(function) > LONGEST_ACTOR
    ]
    assert not too_long, f"over {LONGEST_ACTOR} lines, move the work into a handler:\n" + "\n".join(too_long)


def _limit(name: str) -> int:
    return LONGEST_TEST_FILE if name.startswith("tests/") else LONGEST_FILE
