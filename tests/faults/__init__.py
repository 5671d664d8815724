"""Things get killed, and then everything is counted. Each row of the table in docs/reliability.md is a file here."""
