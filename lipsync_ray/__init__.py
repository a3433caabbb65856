"""Dub a video: the same footage, with the mouth saying the new words."""

__version__ = "0.1.0"
