"""The providers: the only places that know their wire formats."""
