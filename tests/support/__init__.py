"""What tests share: servers, waiting, counting."""
