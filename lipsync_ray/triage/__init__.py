"""What a dub would do, told before anything is rendered."""
