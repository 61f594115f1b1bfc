class StartError(RuntimeError):
    """Something did not start; the message is one sentence that says what to do."""
