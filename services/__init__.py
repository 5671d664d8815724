"""One package per deployable process."""
