"""A local Cal.com: API v2 and webhooks of version 2021-10-20, as far as calls become appointments."""
