"""A setting that nobody reads stops the process that it was meant for."""

import pytest
from pydantic import Field, ValidationError
from pydantic_settings import SettingsConfigDict

from shared.settings import READ_BY_OTHERS, ServiceSettings


class Bakery(ServiceSettings):
    model_config = SettingsConfigDict(
        env_prefix="BAKERY_", extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    oven_heat: int = 200
    door: int = Field(default=1, validation_alias="BAKERY_FRONT_DOOR")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("BAKERY_OVEN_HAET", "there is no setting BAKERY_OVEN_HAET: did you mean BAKERY_OVEN_HEAT?"),
        ("BAKERY_ZZZZ", "there is no setting BAKERY_ZZZZ: unset it"),
    ],
    ids=["misspelt", "none-is-near"],
)
def test_unknown_name_is_refused_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    """Whoever set it believes it to be in force. Its value is not repeated."""
    monkeypatch.setenv(name, "hunter2")
    with pytest.raises(ValidationError) as raised:
        Bakery()
    assert said in str(raised.value)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BAKERY_OVEN_HEAT", "180"),
        ("bakery_oven_heat", "180"),
        ("BAKERY_FRONT_DOOR", "2"),
        ("BAKERY_UNKNOWN", ""),
        ("BAKERY_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("BAKERY_SERVICE_HOST", "10.0.0.1"),
        ("OTHER_OVEN_HAET", "1"),
    ],
    ids=["known", "in-lower-case", "by-its-alias", "empty", "of-kubernetes", "of-a-service", "of-others"],
)
def test_what_is_known_or_of_others_is_let_be(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Kubernetes sets names with our prefixes too."""
    monkeypatch.setenv(name, value)
    assert isinstance(Bakery(), Bakery)


def test_settings_that_others_read_are_let_be() -> None:
    """Who receives a webhook verifies it: its secret bears the name of whom it concerns."""
    assert "PAYMENTS_STRIPE_WEBHOOK_SECRET" in READ_BY_OTHERS
