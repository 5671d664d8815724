"""The only thing services share about each other: typed messages."""
