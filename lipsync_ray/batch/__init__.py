"""Many videos: what is to be done, what has become of each of them, and what it cost."""
