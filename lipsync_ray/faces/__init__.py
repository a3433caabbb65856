"""Pixels with faces in them: detection, landmarks, tracking, shots, the choice of the speaker."""
