"""The forms that are known."""

from typing import Final

from console.impressions.formats import ads, linkedin, mailchimp, meta, rows, x
from console.impressions.forms import Form

FORMS: Final[tuple[Form, ...]] = (
    x.CONTENT,
    x.OVERVIEW,
    linkedin.PAGE_POSTS,
    linkedin.PAGE_DAYS,
    linkedin.TOP_POSTS,
    linkedin.SINGLE_POST,
    meta.CONTENT,
    ads.GOOGLE,
    ads.MICROSOFT,
    mailchimp.CAMPAIGNS,
    rows.ROWS,
)
