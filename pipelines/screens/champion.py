"""Who forecasts today: the champion, or whoever wins where there is none or it is stale; the screen says why."""

from collections.abc import Callable

from pipelines.screens.console import console
from stockseq.dataset.dataset import Dataset
from stockseq.errors import counted
from stockseq.forecasting.champion import Champion, Incumbent
from stockseq.market import MarketData
from stockseq.report.text.training import challenge_sentence, incumbent_sentence
from stockseq.workspace import Workspace


def current_champion(
    workspace: Workspace, market: MarketData, incumbent: Incumbent, *, before_training: Callable[[], None]
) -> tuple[Champion, Dataset]:
    """Return the model that forecasts today, and the dataset as it reads it.

    It is the champion, on the settings that it was trained by, or whoever wins where there is none or it is stale.
    """
    champion = incumbent.champion
    if champion is None:
        console.print(incumbent_sentence(incumbent), markup=False)
    else:
        data = workspace.of_model(champion.model).dataset(market)
        # A candidate that lost counts too, or a champion that stays would be challenged anew every day.
        models = workspace.registry.list_models()
        newest = models.loc[models["label"] == data.inputs.label, "trained_through"].max()
        age = int((data.sessions > newest).sum())
        if age <= workspace.settings.daily.stale_after:
            return champion, data
        console.print(f"The newest model has not seen the last {counted(age, 'session')}, so a candidate is trained.")
    before_training()
    data = workspace.dataset(market)
    result = workspace.challenge(data, champion)
    console.print(challenge_sentence(result), markup=False)
    winner = result.winner
    return winner, workspace.of_model(winner.model).dataset(market) if workspace.changes(winner.model) else data
