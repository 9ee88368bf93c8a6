"""What goes beyond the paper: the generator that ships is told the wind. Chapter 14."""
