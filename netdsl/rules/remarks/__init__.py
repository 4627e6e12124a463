"""Remarks after layers: what they claim and no layer does.

A remark may speak of what the network does, or be one of a closed list that says nothing of it (the
harmless: citations, figures, years, labels, plain words). All else is told.
"""

from netdsl.rules.remarks.around import Around, Whole
from netdsl.rules.remarks.reading import Verdict, judged

__all__ = ["Around", "Verdict", "Whole", "judged"]
