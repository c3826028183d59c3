"""Other packages' objects in and out, and none of the packages needed by anything else.

Wherever qtraj takes a matrix it takes a QuTiP `Qobj` as it is. What is here does more than that: `qtraj.interop.qutip`
pairs collapse operators and gives qtraj's objects out; `qtraj.interop.mcsolve` books the entropy of QuTiP's own
trajectories; `qtraj.interop.qthermo` takes baths; `qtraj.interop.circuits` takes the matrices of circuits, whose qubits
Qiskit counts from the other end.
"""
