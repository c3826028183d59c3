"""What happens: processes that are frozen and checked when built. No averages, no paths."""
