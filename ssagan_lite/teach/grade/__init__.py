"""Grade submitted notebooks again, on cases that their authors have not seen.

    python -m ssagan_lite.teach.grade FOLDER --out grades.csv

Two processes take part. A student's code runs in one that may do little (runner, confine). The grader stays in this
one, asks over a pipe what the student's function returns (judge, process, wire), and decides by itself: what the
notebook can write to carries answers and never verdicts. notebook finds what has to run, folder walks the submissions.
"""
