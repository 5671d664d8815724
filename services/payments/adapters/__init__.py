"""The payment providers, one file each."""
