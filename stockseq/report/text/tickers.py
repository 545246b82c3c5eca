"""What the ticker view says of itself: how to read its chart and its table."""

BASIS = "Prices, shares and volume are in shares of the last session, so that no split tears the chart apart."


def reading(horizon: int, *, has_account: bool, has_live: bool) -> str:
    """Return how to read the chart and the table.

    Parameters
    ----------
    horizon : int
        Sessions from the entry to the exit of the trade; 0 leaves at the close.
    has_account, has_live : bool
        Whether there are fills and profits, and live forecasts.

    Examples
    --------
    >>> reading(0, has_account=False, has_live=False)[:76]
    'The band is where 80% of outcomes were expected: around the open of its sess'
    """
    where = (
        "around the open of its session, for the close of the same session"
        if horizon == 0
        else f"from the open of the session that was forecast, drawn {horizon} "
        f"{'session' if horizon == 1 else 'sessions'} later, where the trade ends; dividends in between are left out"
    )
    sentences = [
        f"The band is where 80% of outcomes were expected: {where}; before the open is known, around the last close.",
        "A dot at the top is a session with headlines, in the colour of their mean tone.",
    ]
    if has_account:
        sentences.append(
            "Triangles are fills at their price: up is bought, down is sold. Profit is after costs, with dividends, "
            "and what is still held is valued at the last close; costs are spread, slippage and commission."
        )
    if has_live:
        sentences.append(
            "Where a forecast was made live, the chart shows that one; the table counts the out-of-sample forecasts of "
            "today's model."
        )
    sentences += [
        BASIS,
        "With a few hundred forecasts a ticker, accuracies a few points apart are luck: the table is for finding "
        "broken data, not winners.",
    ]
    return " ".join(sentences)
