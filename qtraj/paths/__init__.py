"""What a single run shows: how paths are drawn, counted, spread over workers and kept."""
