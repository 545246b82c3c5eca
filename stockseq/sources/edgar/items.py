"""What a filing of form 8-K reports: the official titles of its items."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Form 8-K as of 2023-12, and 6.10 of the SEC's own list of items.
TITLES: Final[Mapping[str, str]] = {
    "1.01": "Entry into a Material Definitive Agreement",
    "1.02": "Termination of a Material Definitive Agreement",
    "1.03": "Bankruptcy or Receivership",
    "1.04": "Mine Safety - Reporting of Shutdowns and Patterns of Violations",
    "1.05": "Material Cybersecurity Incidents",
    "2.01": "Completion of Acquisition or Disposition of Assets",
    "2.02": "Results of Operations and Financial Condition",
    "2.03": "Creation of a Direct Financial Obligation or an Obligation under an Off-Balance Sheet Arrangement of a "
    "Registrant",
    "2.04": "Triggering Events That Accelerate or Increase a Direct Financial Obligation or an Obligation under an "
    "Off-Balance Sheet Arrangement",
    "2.05": "Costs Associated with Exit or Disposal Activities",
    "2.06": "Material Impairments",
    "3.01": "Notice of Delisting or Failure to Satisfy a Continued Listing Rule or Standard; Transfer of Listing",
    "3.02": "Unregistered Sales of Equity Securities",
    "3.03": "Material Modification to Rights of Security Holders",
    "4.01": "Changes in Registrant's Certifying Accountant",
    "4.02": "Non-Reliance on Previously Issued Financial Statements or a Related Audit Report or Completed Interim "
    "Review",
    "5.01": "Changes in Control of Registrant",
    "5.02": "Departure of Directors or Certain Officers; Election of Directors; Appointment of Certain Officers; "
    "Compensatory Arrangements of Certain Officers",
    "5.03": "Amendments to Articles of Incorporation or Bylaws; Change in Fiscal Year",
    "5.04": "Temporary Suspension of Trading Under Registrant's Employee Benefit Plans",
    "5.05": "Amendments to the Registrant's Code of Ethics, or Waiver of a Provision of the Code of Ethics",
    "5.06": "Change in Shell Company Status",
    "5.07": "Submission of Matters to a Vote of Security Holders",
    "5.08": "Shareholder Director Nominations",
    "6.01": "ABS Informational and Computational Material",
    "6.02": "Change of Servicer or Trustee",
    "6.03": "Change in Credit Enhancement or Other External Support",
    "6.04": "Failure to Make a Required Distribution",
    "6.05": "Securities Act Updating Disclosure",
    "6.06": "Static Pool",
    "6.10": "Alternative Filings of Asset-Backed Issuers",
    "7.01": "Regulation FD Disclosure",
    "8.01": "Other Events",
    "9.01": "Financial Statements and Exhibits",
    # Before 2004-08-23, and of such events for months after it: the number's form tells, not the date.
    "1": "Changes in Control of Registrant",
    "2": "Acquisition or Disposition of Assets",
    "3": "Bankruptcy or Receivership",
    "4": "Changes in Registrant's Certifying Accountant",
    "5": "Other Events and Regulation FD Disclosure",
    "6": "Resignations of Registrant's Directors",
    "7": "Financial Statements and Exhibits",
    "8": "Change in Fiscal Year",
    "9": "Regulation FD Disclosure",
    "10": "Amendments to the Registrant's Code of Ethics, or Waiver of a Provision of the Code of Ethics",
    "11": "Temporary Suspension of Trading Under Registrant's Employee Benefit Plans",
    "12": "Results of Operations and Financial Condition",
    "13": "Receipt of an Attorney's Written Notice Pursuant to 17 CFR 205.3(d)",
}
# Most filings have exhibits, whatever they report: beside another item it says nothing, and would make most texts
# alike.
EXHIBITS: Final = frozenset({"9.01", "7"})
_ITEM = re.compile(r"(\d{1,2})(\.\d\d)?", re.ASCII)
MOST_ITEMS: Final = 40


@dataclass(frozen=True)
class Items:
    """What a filing reports.

    Parameters
    ----------
    text : str
        Titles joined by semicolons; "" where no item can be read.
    unknown : tuple of str
        Numbers that the form doesn't have; they stand in the text as "Item 9.99".
    unreadable : bool
        Whether part of the list is no number.
    """

    text: str
    unknown: tuple[str, ...] = ()
    unreadable: bool = False


def read_items(items: object) -> Items:
    """Return the titles of a list such as "2.02,9.01", exhibits left out where there is any other item.

    Examples
    --------
    >>> read_items("2.02,9.01").text, read_items("9.01").text
    ('Results of Operations and Financial Condition', 'Financial Statements and Exhibits')
    >>> read_items("12, 9.99")
    Items(text='Results of Operations and Financial Condition; Item 9.99', unknown=('9.99',), unreadable=False)
    """
    parts = [part.strip() for part in items[:1000].split(",") if part.strip()] if isinstance(items, str) else []
    found = [match for part in parts[:MOST_ITEMS] if (match := _ITEM.fullmatch(part))]
    codes = dict.fromkeys(f"{int(match[1])}{match[2] or ''}" for match in found)
    telling = [code for code in codes if code not in EXHIBITS] or list(codes)
    # One title of before and one of after 2004 may be the same.
    titles = dict.fromkeys(TITLES.get(code, f"Item {code}") for code in telling)
    return Items(
        "; ".join(titles),
        tuple(code for code in telling if code not in TITLES),
        len(found) < len(parts) or (items is not None and not isinstance(items, str)),
    )
