"""What outputs say of themselves: that they were edited, by what and by whom; and checking it."""
