"""Tables of the schema `media`. Every row that a caller can ask for names its organisation."""

from services.media.models.archives import ArchivePhotoRow, ArchiveRow
from services.media.models.base import Base
from services.media.models.photos import AlbumRow, PhotoRow

__all__ = ["AlbumRow", "ArchivePhotoRow", "ArchiveRow", "Base", "PhotoRow"]
