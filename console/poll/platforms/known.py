"""The pollers by their platforms' names, each made with its account's headers and its platform's judge."""

from collections.abc import Callable
from typing import Final, NamedTuple, cast

import aiohttp

from console.poll.accounts import Account, GoogleAdsAccount, LinkedInAccount, TokenAccount
from console.poll.client import Client, Judge, Waits
from console.poll.metrics import PollMetrics
from console.poll.platforms import facebook, google, insights, linkedin, meta_limits, pinterest, tiktok, x, youtube
from console.poll.platforms.asking import AnyPoller
from console.poll.platforms.google_ads import GoogleAdsPoller
from console.poll.settings import PollSettings

_SLOW_S: Final = 300.0
"""How long a stream of ads may take."""


class _Kind(NamedTuple):
    """Of a platform: its poller, what its answers mean, where its API is, how a token is renewed."""

    poller: type[AnyPoller]
    judge: Judge
    url: Callable[[PollSettings], str]
    renew: str


_KINDS: Final[dict[str, _Kind]] = {
    "x": _Kind(x.XPoller, x.judge, lambda settings: settings.x_url, x.RENEW),
    "linkedin": _Kind(
        linkedin.LinkedInPagePoller, linkedin.judge, lambda settings: settings.linkedin_url, linkedin.RENEW
    ),
    "facebook": _Kind(
        facebook.FacebookPoller, meta_limits.judge, lambda settings: settings.facebook_url, meta_limits.RENEW
    ),
    "instagram": _Kind(
        insights.InstagramPoller, meta_limits.judge, lambda settings: settings.instagram_url, meta_limits.RENEW
    ),
    "threads": _Kind(
        insights.ThreadsPoller, meta_limits.judge, lambda settings: settings.threads_url, meta_limits.RENEW
    ),
    "youtube": _Kind(youtube.YouTubePoller, google.judge, lambda settings: settings.youtube_url, youtube.RENEW),
    "tiktok": _Kind(tiktok.TikTokPoller, tiktok.judge, lambda settings: settings.tiktok_url, tiktok.RENEW),
    "pinterest": _Kind(
        pinterest.PinterestPoller, pinterest.judge, lambda settings: settings.pinterest_url, pinterest.RENEW
    ),
    "google-ads": _Kind(GoogleAdsPoller, google.judge, lambda settings: settings.google_ads_url, google.RENEW),
}


class Maker:
    """Makes pollers; all share one session, metrics and time."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: PollSettings,
        metrics: PollMetrics,
        waits: Waits,
        warn: Callable[[str], None],
    ) -> None:
        self._session: Final = session
        self._settings: Final = settings
        self._metrics: Final = metrics
        self._waits: Final = waits
        self._warn: Final = warn

    def poller(self, platform: str, account: Account) -> AnyPoller:
        """For an account, with the token as it is now. Raises AccountsError."""
        kind = _KINDS[platform]

        def warn(text: str) -> None:
            self._warn(f"{platform} {account.name}: {text}")

        if isinstance(account, GoogleAdsAccount):
            return self._google_ads(kind, account, warn)
        secret = cast(TokenAccount, account).bearer().get_secret_value()
        client = self._client(platform, kind, self._headers(platform, secret), (secret,))
        made = kind.poller
        if isinstance(account, LinkedInAccount) and account.organization is None:
            made = linkedin.LinkedInMemberPoller
        return made(client, account, self._settings, warn)

    def renew_token(self, poller: AnyPoller) -> None:
        """Go on with the token that the account has now. Raises AccountsError."""
        if isinstance(poller.account, TokenAccount):
            secret = poller.account.bearer().get_secret_value()
            poller.client.authorize(self._headers(poller.platform, secret), (secret,))

    def _headers(self, platform: str, secret: str) -> dict[str, str]:
        if platform == "youtube":
            return {"X-Goog-Api-Key": secret}
        headers = {"Authorization": f"Bearer {secret}"}
        if platform == "linkedin":
            headers |= {"LinkedIn-Version": self._settings.linkedin_version, "X-Restli-Protocol-Version": "2.0.0"}
        return headers

    def _google_ads(self, kind: _Kind, account: GoogleAdsAccount, warn: Callable[[str], None]) -> GoogleAdsPoller:
        headers = {}
        if account.login_customer is not None:
            headers["login-customer-id"] = account.login_customer
        if account.developer_token.get_secret_value():
            headers["developer-token"] = account.developer_token.get_secret_value()
        token_kind = kind._replace(judge=google.judge_token, url=lambda settings: settings.google_token_url)
        tokens = self._client("google-ads", token_kind, {}, account.secrets())
        return GoogleAdsPoller(
            self._client("google-ads", kind, headers, account.secrets()),
            account,
            self._settings,
            warn,
            google.AccessToken(tokens, account),
        )

    def _client(self, platform: str, kind: _Kind, headers: dict[str, str], secrets: tuple[str, ...]) -> Client:
        return Client(
            self._session,
            platform=platform,
            base_url=kind.url(self._settings),
            judge=kind.judge,
            headers={"User-Agent": "clicktally-poll", "Accept": "application/json", **headers},
            secrets=secrets,
            hint=kind.renew,
            waits=self._waits,
            metrics=self._metrics,
            timeout_s=_SLOW_S if platform == "google-ads" else 60.0,
        )
