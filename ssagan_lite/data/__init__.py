"""Clips, wherever they come from: images, videos, packed sets, folders, the real samples and procedural skies."""
