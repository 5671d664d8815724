"""Rules of telling people: plain Python, no input or output."""
