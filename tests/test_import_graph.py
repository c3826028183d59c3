"""The picture of the imports is up to date, the wings never touch, and the tools that say so can notice."""

from __future__ import annotations

from tests.import_graph import PICTURE, module_graph, picture, reachable, reduced, room_graph


def test_the_picture_shows_the_code() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(room_graph()), "run `python -m tests.import_graph`"


def test_the_two_wings_never_touch() -> None:
    """Not by any chain of imports, not even through rooms below: an error in one must not reach the other."""
    graph = module_graph()
    for own, other in (("qtraj.density", "qtraj.paths"), ("qtraj.paths", "qtraj.density")):
        inside = [name for name in graph if name == own or name.startswith(f"{own}.")]
        assert len(inside) > 10
        for name in inside:
            met = {found for found in reachable(graph, name) if found == other or found.startswith(f"{other}.")}
            assert not met, f"{name} leads to {sorted(met)}"


def test_the_wings_meet_in_theorems() -> None:
    """Negative control: where they do meet, the same search finds both."""
    found = reachable(module_graph(), "qtraj.theorems.verify")
    assert any(name.startswith("qtraj.density.") for name in found)
    assert any(name.startswith("qtraj.paths.") for name in found)


def test_no_room_leads_back_to_itself() -> None:
    graph = room_graph()
    assert not [room for room in graph if room in reachable(graph, room)]


def test_leaving_out_arrows_loses_no_way() -> None:
    graph = room_graph()
    assert all(reachable(reduced(graph), room) == reachable(graph, room) for room in graph)
    assert reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}
