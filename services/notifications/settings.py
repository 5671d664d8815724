"""Settings of notifications: what is not set is off."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class NotificationsSettings(BaseSettings):
    """The environment variables NOTIFICATIONS_…

    `smtp_url` is `smtp://`, `smtps://` or `smtp+starttls://`, with `user:password@` where the server asks for it.
    `sender` (NOTIFICATIONS_FROM) is an address with or without a name: `Blue Hall <tickets@blue-hall.example>`.
    """

    model_config = SettingsConfigDict(
        env_prefix="NOTIFICATIONS_", extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    smtp_url: SecretStr = SecretStr("")
    sender: str = Field(default="Bellhop <bellhop@localhost>", validation_alias="NOTIFICATIONS_FROM")
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_from: str = ""
    twilio_base_url: str = "https://api.twilio.com"

    @property
    def has_mail(self) -> bool:
        return bool(self.smtp_url.get_secret_value())

    @property
    def has_text_messages(self) -> bool:
        """Twilio is on only with all that it needs: account, token and a number to send from."""
        return bool(self.twilio_account_sid and self.twilio_auth_token.get_secret_value() and self.twilio_from)
