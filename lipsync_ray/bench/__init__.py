"""How fast dubs are on this machine, next to a plain transcode: measured from outside, process by process."""
