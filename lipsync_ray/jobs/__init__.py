"""Jobs as pieces of work: what is done in workers, in which order, for one video or for thousands."""
