"""Asking a grader what it thinks of an answer."""


def told(capsys, grader, answer, *, passed=False) -> str:
    """What the grader prints, one line; whether it passes is checked."""
    result = grader(answer)
    printed = capsys.readouterr().out
    assert bool(result) == passed, printed
    assert printed.count("\n") == 1
    assert printed.strip() == result.message
    return printed


def stub(*arguments): ...


def unwritten(*arguments):
    raise NotImplementedError


def failing(*arguments):
    letters = "abc"
    return letters[7]


def graders_of(chapter) -> list:
    """Every grader of a module of ssagan_lite.teach.check."""
    return [thing for thing in vars(chapter).values() if hasattr(thing, "__wrapped__") and thing.__name__[0] != "_"]
