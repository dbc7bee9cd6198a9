"""x."""

STATE = "state"
FINGERPRINT = "heart"


def fingerprint(a):
    return "x"
