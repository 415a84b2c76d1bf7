"""Which gradient a value is, by its numbers.

known      the true gradients, and what a value is among them
names      what things are called
results    what a backward pass results in; lost, updates that come to nothing
terms      what comes back through each term of a loss
whose      which input each result is the gradient of
rightness  whether the results are right; kinks, where any slope between two is
measured   where differences have to tell: of what the graph does not show, and at roots of 0
near       whether two arrays are equal, but for rounding or a constant
"""
