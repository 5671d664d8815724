"""How Bellhop is run: on a laptop (`local`), with compose, on Kubernetes."""
