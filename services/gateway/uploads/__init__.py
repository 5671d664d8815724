"""Files that come as multipart/form-data: streamed to the disk, never whole in memory."""
