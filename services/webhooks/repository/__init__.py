"""All SQL of the webhooks service, by table."""
