"""Scores of predicted clips against true ones. Knows clips, and no model. Chapter 09."""
