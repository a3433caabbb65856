"""Telling the people of a video apart: who is who, and who is like a picture that was given."""
