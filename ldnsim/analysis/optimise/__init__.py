"""The best regimen: candidates run as one sweep and weighed, and what is known of the choice.

Two designs were sketched. One makes every free field an axis of the study, so that candidates are
its grid. The other makes a candidate a place along one dimension, ``choice``, at which all free
fields are set together by axes that advance together. The second was taken: a grid breaks where
one of its points contradicts itself (a start above the target), a search that looks at some of the
candidates is no grid, and yet each batch is still an ordinary study, planned, run in lanes and
stored as any other. What is looked at is then an array over (choice, axes of the study...,
patient): one more axis, such as one of parameter sets, is one more dimension that the choice has
to hold over.
"""
