"""A service of the tests' own: small jobs whose effects can be counted, run by the same worker as the real ones."""
