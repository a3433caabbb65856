"""Sharpen what an engine drew: restorers of faces, used on the mouth alone."""
