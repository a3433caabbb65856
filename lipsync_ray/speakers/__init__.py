"""Who says what: the map of faces and sounds of a video in which several people talk."""
