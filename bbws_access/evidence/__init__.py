"""Evidence: a copy of a stretch of the trail that is checked without the platform, by a program that lies in it."""
