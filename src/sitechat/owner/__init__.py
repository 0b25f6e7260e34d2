"""The owner's side: what the chat did and cost, what it could not answer, what it forgets.

Pages of the admin, commands, tasks and metrics are thin; what they show and do is in here.
"""
