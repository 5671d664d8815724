"""The files of the storage that travel in mails."""

from services.notifications.errors import MailTooLargeError
from shared.storage import Storage


class StoredFiles:
    """Reads objects whole, as a mail needs them, and none that is larger than `limit` bytes."""

    def __init__(self, storage: Storage, limit: int) -> None:
        self._storage = storage
        self._limit = limit

    def read(self, key: str) -> bytes:
        """Raises MailTooLargeError before anything of the object is in memory, and what the storage raises."""
        size = self._storage.head(key).size
        if size > self._limit:
            raise MailTooLargeError(f"{key} has {size:,} bytes: no mail carries more than {self._limit:,}")
        return self._storage.get(key)
