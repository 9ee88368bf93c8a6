"""The number checker finds what it should, and the book and the README pass it."""

import json

import pytest

from tools.check_numbers import check, prose_files, prose_only, same_as_printed


@pytest.fixture
def judge(tmp_path):
    """Findings in one page of a small repository with one result file."""
    book = tmp_path / "book"
    (book / "results").mkdir(parents=True)
    (book / "results" / "made.json").write_text('{"models": {"copy-first": {"psnr": 26.8012, "list": [1, 0.25]}}}')
    (book / "paper_numbers.json").write_text('{"table3": {"source": "Table 3", "ours": {"psnr": 24.3512, "n": 35392}}}')

    def findings(text: str, exceptions=()) -> list[str]:
        (book / "number_exceptions.json").write_text(json.dumps(list(exceptions)))
        from tools import check_numbers

        check_numbers.load.cache_clear()
        page = book / "page.md"
        page.write_text(text)
        return [finding.message for finding in check([page], tmp_path)]

    yield findings
    from tools import check_numbers

    check_numbers.load.cache_clear()


KEY = "v:results/made.json#models.copy-first"


@pytest.mark.parametrize(
    "text",
    [
        f"It scores <!--{KEY}.psnr-->26.80 dB.",
        f"It scores <!--{KEY}.psnr-->26.8 dB, a quarter being <!--{KEY}.list.1*100-->25 %.",
        "The paper has <!--paper:table3-->24.35 dB on <!--paper:table3#ours.n-->35,392 clips.",
        "`26.91 dB` is code, and $26.91$ dB a formula.",
        "```python\npsnr = 12.34  # dB\n```",
        "Version 2.13 has section 3.2 and 48 clips, more than 3 dB apart.",
    ],
)
def test_what_is_right_passes(judge, text):
    assert judge(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"It scores <!--{KEY}.psnr-->26.81 dB.", "prints 26.81"),
        (f"It scores <!--{KEY}.ssim-->0.70.", "leads to no number"),
        ("It scores <!--v:results/none.json#a-->0.70.", "leads to no number"),
        (f"It scores <!--{KEY}.list-->1.", "leads to 2 numbers"),
        (f"It scores <!--{KEY}.psnr--> well.", "has no number after it"),
        ("The paper has <!--paper:table3-->24.36 dB.", "prints 24.36"),
        ("It scores 26.80 dB.", "looks measured"),
        ("It took 3.5 s and 1.25 MB, 12.5 % more.", "looks measured"),
        ("An SSIM of 0.706 is low.", "looks measured"),
        ("| model | PSNR |\n|---|---|\n| ours | 24.1 |", "looks measured"),
        (f"so\n<!--{KEY}.psnr-->26.80 dB", "begins a line"),
    ],
)
def test_what_is_wrong_is_found(judge, text, message):
    assert any(message in found for found in judge(text))


def test_an_exception_excuses_its_number_and_no_other(judge):
    excuse = {"file": "book/page.md", "number": "3.0", "reason": "arithmetic that the page shows"}
    assert judge("That is 3.0 dB.", [excuse]) == []
    assert len(judge("That is 3.0 dB, not 4.5 dB.", [excuse])) == 1
    assert judge("Nothing.", [excuse]) == ["3.0 is not there"]


def test_rounding_is_the_printed_one():
    assert same_as_printed(26.8012, "26.80")
    assert same_as_printed(0.00025, "2.5e-4")
    assert same_as_printed(35392, "35,392")
    assert not same_as_printed(26.8051, "26.80")


def test_code_is_blanked_in_place():
    text = "a `b` c\n```\nd\n```\ne"
    assert len(prose_only(text)) == len(text)
    assert prose_only(text).split() == ["a", "c", "e"]


def test_the_book_and_the_readme_pass():
    assert [str(finding) for finding in check(prose_files())] == []


def test_every_exception_has_a_reason():
    from tools.check_numbers import ROOT

    for excuse in json.loads((ROOT / "book" / "number_exceptions.json").read_text()):
        assert set(excuse) == {"file", "number", "reason"}
        assert len(excuse["reason"]) > 15


def test_every_result_says_how_it_came_about():
    from tools.check_numbers import ROOT

    for file in sorted((ROOT / "book" / "results").glob("*.json")):
        about = json.loads(file.read_text())["about"]
        for key in ("command", "seed", "commit", "device", "versions", "date", "wall_seconds", "data_sha256"):
            assert key in about, f"{file.name} does not say its {key}"
        assert about["command"].startswith(("python ", "ssagan "))
