"""What a reader must know of the data that a run stands on."""

import pandas as pd

from stockseq.report.format import move

N_SHOWN = 5


def jump_sentences(jumps: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each of the greatest moves that no split explains, and one for how many more there are.

    Examples
    --------
    >>> jump_sentences(pd.DataFrame({"ticker": ["GE"], "session": [pd.Timestamp("2020-07-06")], "move": [5.0]}))[0][:38]
    'GE moved by +500% on 2020-07-06 with n'
    """
    sentences = [
        f"{row['ticker']} moved by {move(row['move'])} on {row['session'].date()} with no split to explain it: if that "
        "is the vendor's fault, every figure that spans it is false. It was not repaired."
        for row in jumps.head(N_SHOWN).to_dict("records")
    ]
    more = f"{len(jumps) - N_SHOWN} smaller moves beyond double or half have no split to explain them either."
    return (*sentences, *([more] if len(jumps) > N_SHOWN else []))
