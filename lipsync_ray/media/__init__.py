"""Bytes and time: containers, frames, sound, files."""
