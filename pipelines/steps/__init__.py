"""What the four graphs share: settings from a recipe, plain tasks, times, and work under a lease.

Start reading in `settings`, then `tasks`.
"""
