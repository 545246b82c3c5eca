"""What goes wrong where cookies and crumbs are handed out: charts and news need neither, and nothing may suffer."""

from tests.campaign.families.yahoo.fault import Planted, YahooFault
from tests.campaign.families.yahoo.wire import HTML
from tests.yahoo_server.faults import Reply

LASTING = "Expires=Fri, 31 Dec 2038 23:59:59 GMT; Domain=.yahoo.com; Path=/; Secure"
COOKIES = {
    "without A3": f"B=d; {LASTING}",
    "without a time": "A3=d; Domain=.yahoo.com; Path=/; Secure",
    "expired": "A3=d; Expires=Fri, 31 Dec 1999 23:59:59 GMT; Domain=.yahoo.com; Path=/",
    "of another path": "A3=d; Max-Age=31557600; Domain=.yahoo.com; Path=/finance",
    "of this host only": "A3=d; Max-Age=31557600; Path=/",
    "of another domain": "A3=d; Max-Age=31557600; Domain=.wire.invalid; Path=/",
    "of 8 KB": f"A3={'d' * 8000}; {LASTING}",
    "empty": f"A3=; {LASTING}",
    "with codes": f"A3=\x1b[31m; {LASTING}",
    "with a time beyond all": f"A3=d; Max-Age={10**30}; Domain=.yahoo.com; Path=/",
    "that is none": ";;;===",
}
CRUMBS = {
    "HTML": HTML, "empty": "", "of 10 KB": "c" * 10_000, "with a line break": "abc\ndef", "with a blank": "a b",
    "with codes": "\x1b[31mc", "with tags": "<html>", "with half a surrogate": '"\\ud800"', "null": "null",
    "JSON": '{"error": 1}', "Too Many Requests": "Too Many Requests", "a NUL": "a\x00b",
}  # fmt: skip
FORM = '<form><input name="csrfToken" value="t"></form>'


def cookie_faults() -> list[YahooFault]:
    """Return the faults of both pages: each costs no ticker anything."""
    faults = [
        _every(
            f"cookie {name}",
            Planted(Reply(404, "", {"Set-Cookie": cookie}), "cookie", None),
            short=name == "without A3",
        )
        for name, cookie in COOKIES.items()
    ]
    # The crumb fails, too, so that the cookie is looked up again at once.
    faults += [
        _every(
            f"cookie {name}, no crumb",
            Planted(Reply(404, "", {"Set-Cookie": COOKIES[name]}), "cookie", None),
            Planted(Reply(500, HTML), "crumb", None),
        )
        for name in ("without A3", "without a time", "of another path")
    ]
    faults += [_every(f"crumb {name}", Planted(Reply(body=body), "crumb", None)) for name, body in CRUMBS.items()]
    loop = Reply(302, "", {"Location": "https://fc.yahoo.com/"})
    away = Reply(302, "", {"Location": "https://wire.invalid/"})
    for page in ("cookie", "crumb"):
        faults += [
            _every(f"{page} page: HTTP {status}", Planted(Reply(status, HTML), page, None))
            for status in (403, 429, 503)
        ]
        faults += [
            _every(f"{page} page: {name}", Planted(reply, page, None))
            for name, reply in {"redirected for ever": loop, "redirected away": away, "cut": Reply(wire="half")}.items()
        ]
        faults.append(_every(f"{page} page: connection closed", Planted("reset", page, None)))
    faults.append(
        _every(
            "consent form half there",
            Planted(Reply(503, HTML), "crumb", None),
            Planted(Reply(body=FORM), "consent", None),
        )
    )
    return faults


def _every(name: str, *planted: Planted, short: bool = False) -> YahooFault:
    return YahooFault(name, planted, alone=True, short=short)
