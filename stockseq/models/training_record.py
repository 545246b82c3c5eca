"""How a model was fitted, as its record and its bundle hold it."""

from stockseq.results import Result


class SampleBalance(Result):
    """Which samples a model saw, and how many of them rose."""

    n: int
    n_sessions: int
    n_tickers: int
    first: str | None
    last: str | None
    up_share: float | None
    n_unmoved: int


class SeedTraining(Result):
    """How the network of one seed was found, in passes over the training windows; its losses at the best look.

    The training loss is the mean since the look before.
    """

    seed: int
    n_epochs: float
    best_epoch: float
    train_loss: float | None
    validation_loss: float | None


class TrainingRecord(Result):
    """How a model was fitted: its samples, its vocabulary, and each seed's epochs and losses."""

    train: SampleBalance | None = None
    validation: SampleBalance | None = None
    vocabulary_size: int = 0
    seeds: tuple[SeedTraining, ...] = ()


class Thinned(Result):
    """From how many of its training windows a learner learnt, where not from all; of the largest fold.

    Parameters
    ----------
    n_learnt, n_windows : int
    """

    n_learnt: int
    n_windows: int
