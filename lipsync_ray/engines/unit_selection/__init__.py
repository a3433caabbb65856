"""The default engine: the person's own mouth, picked unit by unit and warped to the new words."""
