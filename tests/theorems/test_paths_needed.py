from __future__ import annotations

from qtraj.theorems.paths_needed import in_words


def test_words_for_the_number_of_paths() -> None:
    assert in_words(None) == "no number of paths would do"
    assert in_words(12_345) == "1.24e+04 paths would do"  # rounded down, they would not
    assert in_words(10**20) == "1e+20 paths would do, more than the 1e+15 of one run"
