from __future__ import annotations

from qtraj.theorems.paths_needed import all_at_once, in_words


def test_words_for_the_number_of_paths() -> None:
    assert in_words(None) == "no number of paths would do"
    assert in_words(12_345) == "1.24e+04 paths would do"  # rounded down, they would not
    assert in_words(10**20) == "1e+20 paths would do, more than the 1e+15 of one run"


def test_what_would_settle_all_is_said_only_where_each_says_something_else() -> None:
    assert all_at_once([12_345, 20_000]) == "A run of 2e+04 paths would settle all of them."
    assert all_at_once([12_345]) == all_at_once([12_345, 12_345]) == ""
    assert all_at_once([12_345, None]) == all_at_once([12_345, 10**16]) == ""
