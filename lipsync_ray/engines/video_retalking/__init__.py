"""VideoReTalking: a neutral face first, then lips for the sound, then a finer picture."""
