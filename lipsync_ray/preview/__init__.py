"""A dub before it is made: single frames, a few seconds, or a sheet of moments, each before and after."""
