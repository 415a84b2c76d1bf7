"""Whether the right line is blamed: second thoughts, as another line may explain more.

evidence   what the doubts ask: what is told of the line, which lines reach what is wrong, what tries changes
second     the order of the ways; they are functions of the evidence, and return another blame or None
siblings   what else is like the line, and is right as it is
by_kind    what the kind of the mistake suggests
scaled     where else a number or a sign may be missing, wrong or too many
inside     the helper that is called where the blame is
unread     variables that are made and never read
before     the line before: what made, picked or scaled the value that is blamed
searching  changes of any line, if no kind could be told
home       of the lines that could make up for a mistake the one that ought to
"""
