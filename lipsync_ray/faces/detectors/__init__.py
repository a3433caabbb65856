"""Face detectors and landmarks that need torch, written anew; the weights are the user's own or published."""
