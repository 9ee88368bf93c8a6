"""A trained generator and one photo become a clip."""
