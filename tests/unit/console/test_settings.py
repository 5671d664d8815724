"""Settings of the console."""

import pytest

from services.console.errors import SettingMissingError
from services.console.settings import ConsoleSettings


def test_missing_setting_says_what_to_do() -> None:
    """The variable is named, and how to come by it."""
    with pytest.raises(SettingMissingError, match=r"RABBITMQ_URL is not set: run `make up`"):
        ConsoleSettings(rabbitmq_url="").need("RABBITMQ_URL")


def test_secret_is_given_where_it_is_needed() -> None:
    """`need` unwraps what is otherwise not shown."""
    settings = ConsoleSettings.model_validate({"secret_key": "s3cret"})
    assert (settings.need("SECRET_KEY"), "s3cret" in repr(settings)) == ("s3cret", False)
