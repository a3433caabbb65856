"""From sound to the movement of a mouth."""
