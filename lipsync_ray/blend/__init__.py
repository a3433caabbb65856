"""Join a drawn mouth and the frame around it."""
