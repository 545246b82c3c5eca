"""Run the whole product on simulated markets of every kind, and judge it by what is known about them."""

import re
from pathlib import Path

from pipelines.screens.console import console, show_progress
from pipelines.screens.exam import show_exam
from stockseq.config import Settings
from stockseq.errors import SettingsError
from stockseq.exam.market_run import KINDS, ExamPlan, Product, plan_markets, run_markets
from stockseq.exam.questions import judge
from stockseq.executors import open_executor, require_plugins
from stockseq.models.placing import named_layers
from stockseq.printable import shown
from stockseq.report.text.exam import asked_sentence, found_sentence, market_line, opening_sentence
from stockseq.runs.folder import as_json
from stockseq.runs.source_hash import source_hash
from stockseq.testing.layers import check_network_layers
from stockseq.workspace import Workspace

N_MARKETS = 6


def run_exam(settings: Settings, *, n_markets: str | None = None, plan: ExamPlan | None = None) -> Path:
    """Run every market, show what was found and asked, and return the folder of the answers.

    Parameters
    ----------
    settings : Settings
        Of the product under exam. `data` is the folder of the exam; of a URL it is the folder on this machine that
        goes with it. What was answered there before, by the same code under the same settings, isn't asked again, so a
        run that was stopped goes on.
    n_markets : str, optional
        Markets of each kind; 6 by default.
    plan : ExamPlan, optional
        The size of the markets; 1,000 sessions to train, 500 to test and 30 tickers by default.

    Raises
    ------
    SettingsError
        If the number of markets is no whole number of at least 1, or the label is not that from open to close.
    StockseqError
        If a question was answered wrongly, after everything is shown.
    """
    n = _count(n_markets)
    with (
        open_executor(workers=settings.workers, scheduler=settings.scheduler) as executor,
        show_progress() as progress,
    ):
        workspace = Workspace(settings, create=True)
        folder = workspace.root
        if workspace.inputs.horizon:
            raise SettingsError(
                f"The exam knows the best forecasts of the trade from open to close alone; the label is "
                f"{settings.label}. Leave HORIZON out, or give HORIZON=0."
            )
        check_network_layers(settings.network, names=workspace.inputs.names, progress=progress)
        require_plugins(executor, named_layers(settings.network), settings.features)
        product = Product(
            workspace.inputs, settings.network, settings.training, settings.folds, workspace.rules, settings.exchange
        )
        runs = plan_markets(product, plan or ExamPlan(), n_markets=n, kinds=KINDS, code=source_hash())
        folder.mkdir(parents=True, exist_ok=True)
        console.print(
            opening_sentence(
                n_markets=n,
                n_kinds=len(KINDS),
                n_seeds=settings.training.n_seeds,
                n_workers=getattr(executor, "n_workers", settings.workers),
            )
        )
        answers = []
        for answer in run_markets(runs, folder, executor=executor, progress=progress):
            console.print(f"  {market_line(answer)}", markup=False)
            answers.append(answer)
    result = judge(answers)
    questions = [
        {**question.to_dict(), "asked": asked_sentence(question), "found": found_sentence(question)}
        for question in result.questions
    ]
    path = folder / "exam.json"
    path.write_text(as_json({**result.to_dict(), "questions": questions}), encoding="utf-8")
    show_exam(result, path)
    result.require()
    return folder


def _count(text: str | None) -> int:
    if not text:
        return N_MARKETS
    if re.fullmatch(r"[0-9]{1,4}", text) is None or int(text) < 1:
        raise SettingsError(f"MARKETS must be a whole number from 1 to 9999, received {shown(text)}.")
    return int(text)
