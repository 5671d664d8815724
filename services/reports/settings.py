"""Settings of reports: REPORTS_…"""

from typing import Final

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.retention import Days
from shared.settings import ServiceSettings

MEBIBYTE: Final = 1024 * 1024


class ReportsSettings(ServiceSettings):
    """What this service reads from the environment besides the settings of every process."""

    model_config = SettingsConfigDict(env_prefix="REPORTS_", extra="ignore", frozen=True, env_ignore_empty=True)

    rebuild_step_events: int = Field(10_000, ge=1, le=100_000)
    """How many logged events one step of a rebuild applies in its transaction."""
    import_limit: int = Field(100 * MEBIBYTE, ge=1)
    """Bytes that the file of an import may have."""
    import_rows: int = Field(500_000, ge=1, le=1_000_000)
    """Rows that the file of an import may have."""
    retention_event_log_days: Days = None
    """How long the log of events is kept: days, or `forever`. The projection cannot be rebuilt from a log that was cut."""
    import_days: int = Field(7, ge=1, le=365)
    """For how many days the files of an import are kept: from its upload, and once more from its end."""
    pdf_rows: int = Field(3_000, ge=1, le=10_000)
    """Rows that an export as PDF may have. Typesetting takes some 150 MB of memory for each thousand."""
