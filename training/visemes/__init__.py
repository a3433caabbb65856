"""The viseme network: its corpus of synthesized speech, its training, its export."""
