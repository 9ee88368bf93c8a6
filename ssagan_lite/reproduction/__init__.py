"""The paper's tables made again: intervals for what is measured, and the blind preference test. Chapter 11."""
