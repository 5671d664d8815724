"""Files of the storage that travel in mails."""

from pathlib import Path

import pytest

from services.notifications.adapters.stored_files import StoredFiles
from services.notifications.errors import MailTooLargeError
from shared.storage import StorageObjectMissing, open_storage


def test_a_file_is_read_whole_up_to_the_limit(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    storage = open_storage(f"file://{tmp_path}")
    storage.put("reports/a", b"12345", "text/plain")
    assert StoredFiles(storage, 5).read("reports/a") == b"12345"


def test_a_larger_file_is_refused_by_name(tmp_path: Path) -> None:
    """Before any of it is read."""
    storage = open_storage(f"file://{tmp_path}")
    storage.put("reports/a", b"12345", "text/plain")
    with pytest.raises(MailTooLargeError, match="reports/a has 5 bytes"):
        StoredFiles(storage, 4).read("reports/a")


def test_a_file_that_is_gone_is_the_storages_own_error(tmp_path: Path) -> None:
    """Trying again does not help, so it is a permanent one."""
    with pytest.raises(StorageObjectMissing):
        StoredFiles(open_storage(f"file://{tmp_path}"), 4).read("reports/none")
