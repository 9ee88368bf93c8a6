"""The teachers' pages: everything that they name stands in the chapters, and their minutes add up."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

from tools.check_numbers import check

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "book" / "teaching").glob("*.md"))
CHAPTERS = {int(path.name[:2]): path for path in sorted((ROOT / "book").glob("[01][0-9]_*.ipynb"))}
LESSONS = (ROOT / "book" / "teaching" / "chapters.md").read_text("utf-8")
COURSES = (ROOT / "book" / "teaching" / "syllabus.md").read_text("utf-8")
INDEX = (ROOT / "book" / "teaching" / "index.md").read_text("utf-8")
SHEETS = (ROOT / "book" / "teaching" / "sheets.md").read_text("utf-8")
WORDS = {"half an hour": 30, "an hour": 60, "fifteen minutes": 15, "twenty": 20, "twenty-five": 25, "thirty": 30,
         "thirty-five": 35, "forty": 40, "fifty": 50}  # fmt: skip
COUNTS = {6: "Six", 7: "Seven", 8: "Eight", 13: "Thirteen", 14: "Fourteen", 15: "Fifteen"}
each_chapter = pytest.mark.parametrize("number", CHAPTERS)


def plain(text: str) -> str:
    """Without line breaks and emphasis, so that a quotation may run over both."""
    return re.sub(r"\s+", " ", re.sub(r"[*`]", "", text))


def without_code(text: str) -> str:
    """Prose alone: no fenced blocks, no inline code."""
    return re.sub(r"`[^`\n]+`", "", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


@cache
def cells(number: int, kind: str) -> tuple[str, ...]:
    notebook = json.loads(CHAPTERS[number].read_text("utf-8"))
    return tuple("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind)


@cache
def headings(number: int) -> frozenset[str]:
    prose = without_code("\n".join(cells(number, "markdown")))
    return frozenset(re.findall(r"^#{1,3} (.+)$", prose, flags=re.MULTILINE))


def strings(source: str) -> list[str]:
    """All texts of a piece of Python, the parts of each joined as Python joins them."""
    found = ast.walk(ast.parse(source))
    return [node.value for node in found if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@cache
def said(number: int) -> str:
    """All that a chapter says to a reader: its prose, its questions and replies, its graders' messages."""
    grader = ROOT / "ssagan_lite" / "teach" / "check" / f"ch{number:02}.py"
    sources = [*cells(number, "code"), grader.read_text("utf-8")]
    texts = [text for source in sources for text in strings(source)]
    return plain("\n".join([*cells(number, "markdown"), *texts]))


def bets(number: int) -> str:
    """The questions of a chapter that ask for a commitment."""
    asking = [node for source in cells(number, "code") for node in ast.walk(ast.parse(source))]
    asking = [node for node in asking if isinstance(node, ast.Call) and "predict_first" in ast.unparse(node.func)]
    return plain("\n".join(text for call in asking for text in strings(ast.unparse(call.args[0]))))


@cache
def exercises(number: int) -> frozenset[str]:
    return frozenset(re.findall(r"Exercise (\d+\.\d+) ·", "\n".join(headings(number))))


def minutes(words: str) -> int:
    words = words.lower().removesuffix(" more").removeprefix("about ").strip()
    short = words.removesuffix(" minutes")
    return int(short) if short.isdigit() else WORDS.get(words) or WORDS[short]


def first_line(number: int) -> str:
    """The line in italics below the title: how long a chapter takes, and what it needs."""
    return plain(re.search(r"^\*[^*]+\*$", cells(number, "markdown")[0], flags=re.MULTILINE)[0])


def times(number: int) -> tuple[int, int]:
    """Minutes to read and for the exercises, from the chapter's own first line."""
    read, exercise = re.match(r"([\w -]+) to read, ([\w -]+) for the exercises", first_line(number)).groups()
    return minutes(read), minutes(exercise)


def chapters_in(text: str) -> set[str]:
    """The numbers of "chapter 3" and "chapters 2, 7 and 9"."""
    lists = re.findall(r"chapters? ((?:\d+(?:, | and | to )?)+)", text.replace("2 to 4", "2, 3 and 4"))
    return {number for numbers in lists for number in re.findall(r"\d+", numbers)}


def lesson(number: int) -> str:
    (text,) = re.findall(rf"^\(teach-{number:02}\)=\n(.*?)(?=^\(teach-|\Z)", LESSONS, flags=re.DOTALL | re.MULTILINE)
    return text


def part(number: int, name: str) -> str:
    """What stands under a bold name, up to the next one."""
    return re.search(rf"\*\*{name}\*\*(.*?)(?=^\*\*[A-Z]|\Z)", lesson(number), flags=re.DOTALL | re.MULTILINE)[1]


def named(text: str) -> list[str]:
    """The headings that a page names: everything in italics."""
    return re.findall(r"(?<![*\w])\*([^*\n]+)\*(?![*\w])", without_code(text))


def rows(table: str) -> list[list[str]]:
    """Rows of a Markdown table whose first cell is a number, bold or not."""
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    return [row for row in found if re.fullmatch(r"\**\d+\**", row[0])]


@each_chapter
def test_lesson_has_the_chapter_s_title_link_and_times(number):
    title = next(cell for cell in cells(number, "markdown")).splitlines()[0].removeprefix("# ")
    heading, _, told = lesson(number).splitlines()[:3]
    assert heading == f"## {number}. {title}"
    read, exercise = times(number)
    link = f"[Chapter {number}](../{CHAPTERS[number].name})"
    assert told.startswith(f"{link}: {read} minutes to read, {exercise} for the exercises")


@each_chapter
def test_plan_takes_fifty_minutes(number):
    plan = rows(part(number, r"Plan\."))
    assert len(plan) >= 6
    assert sum(int(row[0]) for row in plan) == 50
    for word in ("Bet: “", "Run ", "In class: Exercise"):
        assert any(word in row[1] for row in plan), f"nowhere in the plan: {word}"


@each_chapter
def test_bets_are_questions_of_the_chapter(number):
    asked = re.findall(r"[Bb]et: “([^”]+)”", part(number, r"Plan\."))
    assert len(asked) >= 2
    assert [bet for bet in asked if plain(bet) not in bets(number)] == []


@each_chapter
def test_headings_that_a_lesson_names_exist(number):
    assert named(lesson(number))
    assert [name for name in named(lesson(number)) if name not in headings(number)] == []


@each_chapter
def test_words_in_curly_quotes_stand_in_the_chapter(number):
    text = without_code(lesson(number))
    assert text.count("“") == text.count("”")
    assert [words for words in re.findall(r"“([^”]+)”", text) if plain(words) not in said(number)] == []


@each_chapter
def test_opening_question_is_asked_at_the_chapter_s_beginning(number):
    question = re.search(r"“([^”]+\?)”", part(number, r"Opening question\."))[1]
    assert plain(question) in plain(cells(number, "markdown")[0])


@each_chapter
def test_code_that_a_lesson_names_exists(number):
    everything = "\n".join([*cells(number, "code"), *cells(number, "markdown")])
    prose = re.sub(r"^```.*?^```", "", lesson(number), flags=re.DOTALL | re.MULTILINE)
    code = [snippet for snippet in re.findall(r"`([^`\n]+)`", prose) if snippet != "#"]  # #: a mark on the board
    assert code
    assert [snippet for snippet in code if snippet not in everything] == []


@each_chapter
def test_each_exercise_is_placed_in_class_or_at_home(number):
    at_home = re.findall(r"Exercise (\d+\.\d+)", part(number, r"At home\."))
    in_class = re.findall(r"In class: Exercise (\d+\.\d+)", part(number, r"Plan\."))
    assert sorted([*at_home, *in_class]) == sorted(exercises(number))
    assert set(re.findall(r"Exercise (\d+\.\d+)", lesson(number))) <= exercises(number)


@each_chapter
def test_three_wrong_answers_each_with_a_source_and_a_reply(number):
    wrong = re.findall(r"^(\d)\. (.+)$", part(number, r"Usual wrong answers\."), flags=re.MULTILINE)
    assert [place for place, _ in wrong] == ["1", "2", "3"]
    for _, answer in wrong:
        claim, reply = re.fullmatch(r"\*\*(.+?)\*\*(.+)", answer).groups()
        assert len(reply.split()) >= 15
        assert "“" in claim + reply or named(reply), f"no source in the chapter: {claim}"


@each_chapter
def test_lesson_has_a_board_and_something_to_leave_out(number):
    (drawing,) = re.findall(r"```text\n(.*?)```", part(number, r"Board\."), flags=re.DOTALL)
    assert 3 <= len(drawing.splitlines()) <= 11
    assert max(map(len, drawing.splitlines())) <= 72
    assert named(part(number, r"Short of time\?")) or "Exercise" in part(number, r"Short of time\?")


def test_there_is_a_lesson_for_each_chapter_and_no_other():
    assert [int(number) for number in re.findall(r"^\(teach-(\d\d)\)=$", LESSONS, flags=re.MULTILINE)] == list(CHAPTERS)


def test_pages_count_their_lessons_and_sheets_right():
    lessons, sheets = COUNTS[len(CHAPTERS)], COUNTS[SHEETS.count("\n## Sheet ")]
    assert LESSONS.startswith(f"# {lessons} lessons\n")
    assert SHEETS.startswith(f"# {sheets} sheets\n")
    assert f"[{lessons} lessons](chapters.md)" in INDEX
    assert f"[{sheets} sheets](sheets.md)" in INDEX
    assert f"[{lessons} lessons](chapters.md)" in COURSES
    assert f"All {lessons.lower()} chapters" in COURSES
    assert f"{sheets} sheets;" in COURSES


def test_index_names_every_page_of_the_kit():
    listed = re.findall(r"^\| \[.+?\]\((\w+\.md)\)", INDEX, flags=re.MULTILINE)
    assert sorted(listed) == sorted({page.name for page in PAGES} - {"index.md"})


def test_four_weeks_hold_each_chapter_once():
    course = re.search(r"^\(course-weeks\)=$(.*?)(?=^\(course-|\Z)", COURSES, flags=re.DOTALL | re.MULTILINE)[1]
    assert [number for row in rows(course) for number in whole_chapters(row)] == list(CHAPTERS)


def test_times_of_the_courses_are_the_chapters_own():
    table = re.findall(r"^\| \[(\d+)\. .*?\]\(\.\./(\S+)\) \| (\d+) \| (\d+) \| 50 \|", COURSES, flags=re.MULTILINE)
    assert [(int(number), name) for number, name, *_ in table] == [(n, path.name) for n, path in CHAPTERS.items()]
    printed = [(int(read), int(exercise)) for *_, read, exercise in table]
    assert printed == [times(number) for number in CHAPTERS]
    read, exercise = (sum(column) for column in zip(*printed, strict=True))
    assert f"| **in all** | **{read}** | **{exercise}** | **{50 * len(CHAPTERS)}** |" in COURSES


def test_prerequisites_of_the_courses_are_the_chapters_own():
    for number, needs in re.findall(r"^\| \[(\d+)\. .*\| 50 \| (.*) \|$", COURSES, flags=re.MULTILINE):
        assert chapters_in(needs) == chapters_in(first_line(int(number))), f"chapter {number}"


@pytest.mark.parametrize("course", re.split(r"^\(course-.*\)=$", COURSES, flags=re.MULTILINE)[1:])
def test_minutes_of_a_course_add_up(course):
    tables = re.findall(r"(?:^\|.*\n)+", course, flags=re.MULTILINE)
    assert tables
    for table in tables:
        *steps, last = [row[0] for row in rows(table)]
        assert last == f"**{sum(map(int, steps))}**"


def whole_chapters(row: list[str]) -> list[int]:
    """The chapters that a row of a course gives to be read as a whole: links, with no heading named beside them."""
    text = " ".join(row)
    parts_only = named(text) or "blind test in" in text
    return [] if parts_only else [int(number) for number in re.findall(r"\]\(\.\./(\d\d)_", text)]


@pytest.mark.parametrize("row", [row for row in rows(COURSES) if whole_chapters(row)], ids=lambda row: row[1][:25])
def test_a_row_that_names_whole_chapters_takes_their_time(row):
    numbers = whole_chapters(row)
    blind_test = 2 * (9 in numbers)
    assert int(row[0]) == sum(sum(times(number)) for number in numbers) + blind_test


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_names_of_every_page_exist_somewhere(page):
    text = page.read_text("utf-8")
    known = {name for number in CHAPTERS for name in headings(number)}
    assert [name for name in named(text) if name not in known] == []
    solved = {name for number in CHAPTERS for name in exercises(number)}
    assert set(re.findall(r"Exercise (\d+\.\d+)", text)) <= solved


def test_sheets_cover_each_chapter_once_and_hold_no_answers():
    titles = re.findall(r"^## Sheet ([A-Z]): chapters? (.+)$", SHEETS, flags=re.MULTILINE)
    assert [letter for letter, _ in titles] == list("ABCDEFG")
    assert [int(number) for _, chapters in titles for number in re.findall(r"\d+", chapters)] == list(CHAPTERS)
    assert not re.search(r"<details|Solution|[Aa]nswer:", SHEETS)
    for sheet in re.split(r"^## Sheet ", SHEETS, flags=re.MULTILINE)[1:]:
        assert len(re.findall(r"^\*\*\d\.\*\* ", sheet, flags=re.MULTILINE)) >= 5
        assert 'class="room' in sheet
        assert 'class="lines"' in sheet


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
        assert not target.startswith("http"), "the kit needs no network"
        assert "#" not in target
        assert (page.parent / target).resolve().is_file(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_numbers_are_referenced_or_absent(page):
    assert [str(finding) for finding in check([page])] == []
