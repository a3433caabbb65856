"""Completion of the command line by bash, zsh and fish: scripts that are printed once and need no Python."""
