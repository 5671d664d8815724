"""The media service: photos, their thumbnails, and archives of them."""
