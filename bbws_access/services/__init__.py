"""What the platform does. Each service is handed its collaborators; each method is handed the actor.

The command line and the deployed functions both call these and nothing below them.
"""
