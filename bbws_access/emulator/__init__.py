"""The AWS on the user's own machine.

``process`` starts, finds and stops it, ``mailbox`` reads the emails it was asked to send. Both need the
standard library only. ``server`` is the program that ``process`` starts: it serves ministack and keeps
its state on disk with ``checkpoint``, ``capture`` and ``statefile``.
"""
