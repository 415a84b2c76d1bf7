"""What the user's code did.

arguments  what the user's functions take, and what they returned
outputs    what forward returned: the loss, or outputs with drawn upstream gradients
filling    what backward is given
objects    what functions and objects hold, to be put back after a run
probes     the user's source with probes in it, and the record of a run
graph      the graph of a forward pass
training   code that trains: its first round
stage      where the two functions run, on plain arrays
tracing    the forward pass on Tensors, which leaves the graph
"""
