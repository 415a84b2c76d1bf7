"""Changes of an expression: what it may lack, what may be too many in it, what else could stand there.

forms       sums, products, powers and numbers by what they look like; the slopes of functions
insertions  a minus, a factor, a term, a transpose, a reduction that may be missing
calls       other arguments, another function, other axes; functions, the user's own that may be called
brackets    sums and products with the brackets elsewhere
matrices    transposes beside, projections, conjugates; products, the terms that are products of two
leaks       the slopes of leaky functions, and where a mask lets nothing through
places      other indices to read from
together    several variables or indices at once
"""
