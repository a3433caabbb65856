"""Weight files: a registry of facts and a store that fetches, checks and shares them."""
