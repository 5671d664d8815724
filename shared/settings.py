"""Settings are environment variables. A service adds its own with its own prefix."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What every process reads. A value that is missing or wrong stops the process with its name."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: str
    rabbitmq_url: str
    storage_url: str = "file:///var/lib/bellhop"
    secret_key: SecretStr = SecretStr("")
    public_url: str = "http://127.0.0.1:8080"
    bellhop_services: str = ""
    timezone: str = "UTC"
    operations_email: str = ""
    http_port: int = 0
    http_host: str = "127.0.0.1"
    worker_threads: int = 8
    worker_grace: float = 30.0
    worker_overtime: float = 10.0
    worker_max_jobs: int | None = None
    """A worker stops after so many jobs, to be started again; so do the next two, in seconds and megabytes."""
    worker_max_seconds: float | None = None
    worker_max_memory: float | None = None
    worker_time_limit: float | None = None
    """The longest that any job of a worker may take, in seconds; it lowers what an actor declares."""
    log_level: str = "INFO"
