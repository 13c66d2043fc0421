"""One module a noun, one function a verb: read, call, show."""
