"""Image files: which files are images, and their pixels as one array."""
