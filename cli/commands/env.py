"""``bbws-access env``."""

from __future__ import annotations

from cli.command import noun
from cli.commands import env_bootstrap, env_health, env_look, env_up

app = noun("Stand an environment up, look at it, take it down.")

# In the order in which the help shows them.
env_up.register(app)
env_health.register(app)
env_look.register(app)
env_bootstrap.register(app)
