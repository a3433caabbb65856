"""The trained speech model: classes of sounds by how the lips look, and the way from them to a mouth."""
