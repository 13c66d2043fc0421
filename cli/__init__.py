"""The command line: commands and rendering. What is done, is done by ``bbws_access``."""
