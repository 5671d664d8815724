"""A local Retell: the calls that its agents have had, its API to read them, and its webhooks."""
