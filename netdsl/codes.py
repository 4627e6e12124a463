"""What other rooms need to know about the code of a finding: facts, in one table.

A finding's message is where the finding is made, and its page is in ``explanations``. Code that treats some
findings differently asks for a fact, never for a list of codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Fact(Enum):
    """Something that holds of all findings of a code."""

    NO_FILE = "a file is not there"
    OF_THE_SYSTEM = "about names on the command line and what the system refuses, not about a text"
    FOLDER_TAKEN = "another run has the folder"

    UNREAD = "words or signs are not understood"
    SYNTAX = "the grammar does not read it"
    STRANGE_SIGN = "a character without meaning"
    OF_PROSE = "may come from words outside the language"
    UNKNOWN_KIND = "no kind of layer has this name"
    UNKNOWN_WORD = "a layer has no use for a word or a value"
    REPEATED_LABEL = "two layers have one label"
    NO_INPUT = "the input does not come first; hides what else is wrong with its first line"
    NO_LAYER = "a text has no layers, as files of blocks for other texts"
    LOST_LINE = "a line of a sheet is not understood, and would be lost"

    IN_A_USED_FILE = "what is missing may be in a used file that could not be read"
    AFTER_A_GAP = "may follow from a missing layer above it"
    BESIDE_THE_NETWORK = "about what a text says of its network, which stays as it is"
    VOLUMES_KNOWN = "leaves the volumes of all layers known"

    WINDOW_MISFIT = "a window does not fit into its input"
    WINDOW_REMAINDER = "a window does not fit evenly"
    WINDOW_OUTSIDE = "a last window begins beyond the input"
    UNEQUAL_BRANCHES = "branches that meet have different volumes"
    WRONG_CLAIM = "a layer makes a different volume from the one it claims"
    DECIDED_BY_CLAIM = "a claim decides options, which are the finding's proposal"
    SUPERFLUOUS = "could be left out; editors show it faded"

    ENDS_A_TRIAL = "a recipe is to blame, too large a batch or rate: other trials of a search may do better"
    CONTRACT = "an error that leaves the network as it is, so that it may be ignored as advice may be"
    BUDGET = "a budget is exceeded, by an amount that may be known"

    def holds(self, code: str) -> bool:
        """Whether it holds of a code."""
        return self in FACTS.get(code, ())


FACTS: Mapping[str, tuple[Fact, ...]] = {
    "ND001": (Fact.OF_THE_SYSTEM, Fact.NO_FILE),
    "ND002": (Fact.OF_THE_SYSTEM,),
    "ND003": (Fact.OF_THE_SYSTEM,),
    "ND007": (Fact.OF_THE_SYSTEM,),
    "ND101": (Fact.UNREAD, Fact.OF_PROSE, Fact.SYNTAX, Fact.STRANGE_SIGN),
    "ND102": (Fact.UNREAD, Fact.OF_PROSE, Fact.SYNTAX),
    "ND103": (Fact.UNREAD, Fact.SYNTAX),
    "ND201": (Fact.UNREAD, Fact.OF_PROSE, Fact.UNKNOWN_KIND),
    "ND202": (Fact.UNREAD, Fact.OF_PROSE, Fact.UNKNOWN_WORD),
    "ND203": (Fact.REPEATED_LABEL,),
    "ND204": (Fact.UNREAD, Fact.OF_PROSE, Fact.AFTER_A_GAP),
    "ND206": (Fact.UNREAD, Fact.OF_PROSE),
    "ND207": (Fact.UNREAD, Fact.OF_PROSE, Fact.UNKNOWN_WORD),
    "ND208": (Fact.OF_PROSE, Fact.NO_INPUT, Fact.AFTER_A_GAP),
    "ND213": (Fact.BESIDE_THE_NETWORK,),
    "ND214": (Fact.BESIDE_THE_NETWORK,),
    "ND215": (Fact.NO_LAYER,),
    "ND216": (Fact.UNREAD, Fact.OF_PROSE, Fact.IN_A_USED_FILE),
    "ND217": (Fact.UNREAD, Fact.OF_PROSE, Fact.IN_A_USED_FILE),
    "ND228": (Fact.UNREAD,),
    "ND233": (Fact.UNREAD,),
    "ND240": (Fact.SUPERFLUOUS,),
    "ND243": (Fact.LOST_LINE,),
    "ND301": (Fact.WINDOW_MISFIT, Fact.WINDOW_REMAINDER, Fact.AFTER_A_GAP),
    "ND302": (Fact.WINDOW_MISFIT, Fact.AFTER_A_GAP),
    "ND304": (Fact.WINDOW_OUTSIDE,),
    "ND308": (Fact.UNEQUAL_BRANCHES,),
    "ND310": (Fact.WRONG_CLAIM, Fact.AFTER_A_GAP),
    "ND313": (Fact.DECIDED_BY_CLAIM, Fact.VOLUMES_KNOWN, Fact.AFTER_A_GAP),
    "ND314": (Fact.AFTER_A_GAP,),
    "ND315": (Fact.BESIDE_THE_NETWORK, Fact.VOLUMES_KNOWN),
    "ND317": (Fact.AFTER_A_GAP,),
    "ND511": (Fact.ENDS_A_TRIAL,),
    "ND512": (Fact.ENDS_A_TRIAL,),
    "ND514": (Fact.FOLDER_TAKEN,),
    "ND515": (Fact.OF_THE_SYSTEM,),
    "ND521": (Fact.ENDS_A_TRIAL,),
    "ND530": (Fact.BESIDE_THE_NETWORK,),
    "ND531": (Fact.BESIDE_THE_NETWORK,),
    "ND545": (Fact.OF_THE_SYSTEM,),
    "ND680": (Fact.CONTRACT, Fact.BUDGET),
    "ND681": (Fact.CONTRACT,),
    "ND682": (Fact.CONTRACT,),
}
"""By code; a code that is not here has none of these facts."""


def about_words(code: str) -> bool:
    """Whether a code is of those about syntax and names."""
    return code[:3] in ("ND1", "ND2")
