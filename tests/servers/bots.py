from sitechat import Chatbot


class PatientBot(Chatbot):
    """Waits longer than any test for a silent Claude."""

    timeout = 300.0
