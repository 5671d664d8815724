"""Settings of the console. Each command needs only some of them, so each is asked for where it is needed."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.console.errors import NoBrokerError, SettingMissingError


class ConsoleSettings(BaseSettings):
    """What an operator's shell has: `. .run/env` after `make up`, or what the deployment gives."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: str = ""
    rabbitmq_url: str = ""
    rabbitmq_management_url: str = ""
    secret_key: SecretStr = SecretStr("")
    former_secret_key: SecretStr = SecretStr("")
    bellhop_services: str = ""
    timezone: str = "UTC"

    def need(self, name: str) -> str:
        """The value of a setting, by the name of its variable. Raises SettingMissingError."""
        value = getattr(self, name.lower())
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        if not text:
            raise SettingMissingError(f"{name} is not set: run `make up` and `. .run/env`, or export it")
        return text

    @property
    def has_broker(self) -> bool:
        """Whether there is a RabbitMQ to ask; with memory:// there is none."""
        return not self.need("RABBITMQ_URL").startswith("memory:")

    def need_broker(self) -> str:
        """RABBITMQ_URL, where it leads to one. Raises SettingMissingError, NoBrokerError."""
        if not self.has_broker:
            raise NoBrokerError("RABBITMQ_URL is memory://: there is no RabbitMQ to ask, and nothing to repair")
        return self.need("RABBITMQ_URL")
