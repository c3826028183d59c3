"""What a system is: spectra, states, entropies and energy-conserving unitaries. No process, no paths."""
