"""Putting a mistake in the place of the package's own code, for as long as a `with` lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from qtraj.paths.followed import FollowedPaths
from qtraj.paths.followed_collisions import FollowedCollisions
from qtraj.paths.jump_trajectories import JumpTrajectories

__all__ = ["collisions_follower", "counts_sampler", "follower", "jumps_follower"]


@contextmanager
def follower(wrong: type[FollowedPaths]) -> Iterator[None]:
    """Let every followed path be followed by `wrong`."""
    with mock.patch("qtraj.paths.followers.FollowedPaths", wrong):
        yield


@contextmanager
def counts_sampler(wrong: type) -> Iterator[None]:
    """Let the counts sampler split with `wrong`."""
    with mock.patch("qtraj.paths.counts.SplittingTree", wrong):
        yield


@contextmanager
def collisions_follower(wrong: type[FollowedCollisions]) -> Iterator[None]:
    """Let every collision model be followed by `wrong`."""
    with mock.patch("qtraj.paths.followers.FollowedCollisions", wrong):
        yield


@contextmanager
def jumps_follower(wrong: type[JumpTrajectories]) -> Iterator[None]:
    """Let every jump process be followed by `wrong`."""
    with mock.patch("qtraj.paths.followers.JumpTrajectories", wrong):
        yield
