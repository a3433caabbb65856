"""Wav2Lip: a mouth of 96 pixels, drawn for the sound by the published network."""
