"""What is printed, and what arithmetic says about it."""

import pytest

from ssagan_lite.reproduction.paper import POSTER_3, TABLE_3, TABLE_4, Printed, possible, range_note
from ssagan_lite.reproduction.rows import ROWS, TABLES


@pytest.mark.paper("Table 4")
def test_with_a_range_of_two_three_rows_of_table_4_are_impossible():
    assert [name for name, row in TABLE_4.items() if not possible(row, 2.0)] == ["recurrent", "vgan", "mdgan-stage2"]
    assert all(possible(row, 1.0) for row in TABLE_4.values())
    note = range_note("table4")
    assert "range of 1 every row is possible" in note
    assert "range of 2, RNN-GAN, VGAN, MD-GAN Stage II cannot" in note
    assert "cannot be told" in note


@pytest.mark.paper("Table 3")
def test_every_row_of_table_3_is_possible_with_either_range():
    assert all(possible(row, span) for rows in (TABLE_3, POSTER_3) for row in rows.values() for span in (1.0, 2.0))
    assert not possible(Printed(mse=0.01, psnr=25.9, ssim=0.0), 2.0)  # 10 log10(4 / 0.01) is 26.02
    assert possible(Printed(mse=0.01, psnr=26.0, ssim=0.0), 2.0)  # 0.01 may be 0.01005


def test_every_printed_row_is_a_row_that_is_made_again():
    made = {ROWS[name].printed for names in TABLES.values() for name in names}
    assert set(TABLE_3) | set(TABLE_4) <= made
    assert {ROWS[name].printed for name in TABLES["table3"]} - {""} == set(TABLE_3)
    assert {ROWS[name].printed for name in TABLES["table4"]} - {""} == set(TABLE_4)
