"""The small form: the workers of several services in one process, for a server with little memory."""
