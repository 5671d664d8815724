"""`make demo`: the main job once, for real, every step checked and told as a short story."""
