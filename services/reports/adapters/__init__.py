"""Outside formats and libraries, each known in one place."""
