"""What a shell completes.

Somebody waits for each key, so that the answer imports neither Typer nor a command: :mod:`.index` is written down
beforehand from the commands themselves, :mod:`.line` finds in it what is being typed, :mod:`.names` knows what the
environment has, and :mod:`.shells` speaks with bash, zsh and fish.
"""
