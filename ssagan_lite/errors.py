"""What a person did that cannot work, said in one sentence."""


class InputError(ValueError):
    """The input cannot be used; the message is one sentence that names the file or value, and the remedy.

    The command line prints the sentence and exits with code 2. From Python it is a `ValueError` like any other.
    """
