"""LipGAN: the forerunner of Wav2Lip, with its Keras weights."""
