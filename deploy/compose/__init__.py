"""The whole system on one server, in containers: compose.yaml, and its secrets."""
