"""Measuring a dub: does the mouth follow the sound, and does the picture look like the person's own."""
