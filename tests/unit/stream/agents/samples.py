"""User agents by what stands behind them; each was judged wrongly once, here or by a list."""

BOTS = (
    "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 13_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/13.0 Mobile/15E148 Safari/604.1 Snap URL Preview Service; bot; snapchat; "
        "https://developers.snap.com/robots"
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 "
        "Safari/537.36 (compatible; Snap URL Preview Service; bot; snapchat; "
        "https://developers.snap.com/robots)"
    ),
    "Viber/13.3.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Viber",
    "Viber/21.0 (link preview)",
    (
        "Mozilla/5.0 (Windows; U; Windows NT 10.0; en-US; Valve Steam Client/default/1596241936; ) "
        "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.117 Safari/537.36 Steam Link Preview"
    ),
    "Valve/Steam HTTP Client 1.0 (SteamChatURLLookup)",
    "Mozilla/5.0 (compatible; SteamChatURLLookup/1.0; +http://store.steampowered.com)",
    "ClickUp/1.0 LinkPreview",
    "ClickUp-LinkPreview/1.0",
    "Mozilla/5.0 (compatible; ClickUpBot/1.0)",
    "Yahoo Link Preview",
    (
        "Mozilla/5.0 (compatible; Yahoo Link Preview; https://help.yahoo.com/kb/mail/yahoo-link-preview-"
        "SLN23615.html)"
    ),
    "Lemmy/0.19.3; +https://lemmy.world",
    "gotosocial/0.17.0 (+https://gts.example)",
    "GoToSocial/0.13.0 (linux; amd64)",
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "meta-externalads/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "meta-externalads/1.1",
    "Google-Safety",
    "Google-Safety (+http://www.google.com/bot.html)",
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Perplexity-User/1.0; "
        "+https://perplexity.ai/perplexity-user)"
    ),
    "Perplexity-User/1.0",
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Gemini-Deep-Research; "
        "+https://gemini.google/overview/deep-research/) Chrome/135.0.0.0 Safari/537.36"
    ),
    "Gemini-Deep-Research",
    "Mozilla/5.0 (compatible; Google-NotebookLM; +https://notebooklm.google)",
    "Google-NotebookLM",
    "NotebookLM",
    "anthropic-ai",
    "Mozilla/5.0 (compatible; anthropic-ai/1.0; +http://www.anthropic.com/bot.html)",
    "Datadog/Synthetics",
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
        "Safari/537.36 DatadogSynthetics"
    ),
    "Datadog Agent/7.50.0",
    "NewRelicSynthetics/1.0",
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 "
        "Safari/537.36 NewRelicSynthetics/1.0"
    ),
    "Checkly/1.0 (https://www.checklyhq.com)",
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
        "Safari/537.36 Checkly/1.0"
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
        "Safari/537.36 Checkly, https://www.checklyhq.com"
    ),
    "Prometheus/2.45.0",
    "Prometheus/3.1.0",
    "Blackbox Exporter/0.24.0",
    "Blackbox-Exporter/0.25.0",
    "Playwright/1.40.0 (x64; ubuntu 22.04) node/18.17",
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "HeadlessChrome/120.0.6099.28 Safari/537.36 Playwright"
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 "
        "Selenium/4.0"
    ),
    "Selenium/4.16",
    "node",
    "node-fetch",
    "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
    "undici",
    "Java-http-client/17.0.2",
    "Java/1.8.0_292",
    "WhatsApp/2.23.20.0",
    "WhatsApp/2.2414.9 N",
    "Microsoft Office Existence Discovery",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    "Iframely/1.3.1 (+https://iframely.com/docs/about)",
    "facebookexternalhit/1.1",
    "Mastodon/4.2.0 (http.rb/5.1.1; +https://mastodon.social/) Bot",
    "okhttp/4.9.0",
    "Dart/3.1 (dart:io)",
    "python-httpx/0.27",
    "aiohttp/3.9",
    "Mozilla/5.0 (compatible)",
    "axios/1.6",
    "libwww-perl/6.05",
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 MicroMessenger/8.0 Bytespider"
    ),
    "PostmanRuntime/7.36",
    "Mozilla/5.0 (compatible; Pinterestbot/1.0; +http://www.pinterest.com/bot.html)",
    "UptimeRobot/2.0",
    "Pleroma 2.5.0; https://pleroma.example <admin@example>",
    "Misskey/13.0",
    "Ktor client",
    "kube-probe/1.27",
    "ELB-HealthChecker/2.0",
    "GoogleHC/1.0",
    "Amazon CloudFront",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ChatGPT-User/1.0; +https://openai.com/bot",
    "Claude-User/1.0",
    "DuckAssistBot/1.2",
    "MistralAI-User/1.0",
    "Manus-User/1.0",
    "Better Uptime Bot",
    "Grafana-Synthetics/1.0",
    "k6/0.49.0 (https://k6.io/)",
    "Pingdom.com_bot_version_1.4",
    "Site24x7",
    "HetrixTools Uptime Monitoring Bot",
    "Cypress/13",
    (
        "Mozilla/5.0 (Linux; Android 8.0; Pixel 2 Build/OPD3.170816.012; Storebot-Google/1.0) "
        "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138 Mobile Safari/537.36"
    ),
    (
        "SAMSUNG-SGH-E250/1.0 Profile/MIDP-2.0 Configuration/CLDC-1.1 UP.Browser/6.2.3.3.c.1.101 (GUI) "
        "MMP/2.0 (compatible; Googlebot-Mobile/2.1; +http://www.google.com/bot.html)"
    ),
    (
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/41.0.2272.96 Mobile Safari/537.36 (compatible; Googlebot/2.1; "
        "+http://www.google.com/bot.html)"
    ),
    "Mozilla/5.0 (compatible; NeverHeardOf/0.8.6)",
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko; NeverHeardOf/1.0)"
        " Chrome/120 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7; compatible; NeverHeardOf/1.0) AppleWebKit/605.1.15"
        " (KHTML, like Gecko) Version/17 Safari/605.1.15"
    ),
    "NeverHeardOf",
)

BROWSERS = (
    (
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E; "
        "Microsoft Outlook 16.0.10730; ms-office; MSOffice 16)"
    ),
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 Outlook-iOS/2.0"
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:12.0) Gecko/20100101 Microsoft Outlook 16.66",
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "WhatsApp/2.2412.54 Chrome/122.0.6261.156 Electron/29.4.0 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Slack/4.36.140 Chrome/120.0.6099.291 Electron/28.2.2 Safari/537.36 Sonic Slack_SSB/4.36.140"
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/102.0.5005.61 Safari/537.36 Slack_SSB/4.27"
    ),
    (
        "Mozilla/5.0 (Linux; arm_64; Android 13; SM-A525F) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/120.0.6099.231 YaApp_Android/24.20.1 YaSearchBrowser/24.20.1 BroPP/1.0 SA/3 Mobile "
        "Safari/537.36"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.0 YaBrowser/23.11.7.487.10 YaApp_iOS/100.00 YaApp_iOS_Browser/100.00 Safari/604.1 SA/3"
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; M2006C3MG) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 "
        "Mobile Safari/537.36 YandexSearch/8.10 YandexSearchBrowser/8.10"
    ),
    (
        "Mozilla/5.0 (Linux; Android 8.1.0; Redmi Go Build/OPM1.171019.026; wv) AppleWebKit/537.36 (KHTML, "
        "like Gecko) Version/4.0 Chrome/86.0 Mobile Safari/537.36 GoogleGo/3.7"
    ),
    (
        "Mozilla/5.0 (Linux; Android 8.1.0; Redmi Go Build/OPM1; wv) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Version/4.0 Chrome/86.0.4240.198 Mobile Safari/537.36 com.google.android.apps.searchlite/101032"
    ),
    (
        "Mozilla/5.0 (Linux; Android 12; SM-A515F Build/SP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Version/4.0 Chrome/110 Mobile Safari/537.36 trill_2022803040 JsSdk/1.0 NetType/WIFI "
        "Channel/googleplay AppName/musical_ly app_version/28.3.4 ByteLocale/en Cronet/1"
    ),
    (
        "Mozilla/5.0 (Linux; Android 11; Spider X Build/RP1A) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/90 Mobile Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Linux; Android 7.0; M bot 60 Build/NRD90M) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/58.0.3029.83 Mobile Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Linux; Android 7.0; C Bot Tab 70) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/78.0.3904.108 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Linux; Android 5.1.1; OPPO A33m Build/LMY47V) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/43.0 Mobile Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Linux; U; Android 5.1.1; zh-cn; OPPO A33m Build/LMY47V) AppleWebKit/537.36 (KHTML, "
        "like Gecko) Version/4.0 Chrome/53.0.2785.134 Mobile Safari/537.36 OppoBrowser/4.6.5.3"
    ),
    (
        "Mozilla/5.0 (Linux; Android 5.1.1; OPPO A33) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/95.0 "
        "Mobile Safari/537.36"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/21E219 [FBAN/FBIOS;FBAV/450.0.0.38.108;FBBV/564431005;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;"
        "FBSV/17.4;FBSS/3;FBID/phone;FBLC/en_US;FBOP/5]"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 Instagram 322.0.4.27.109 (iPhone14,5; iOS 17_4; en_US; en; scale=3.00; 1170x2532; "
        "571422041)"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 [LinkedInApp]/9.29.5"
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/122 Mobile Safari/537.36 [LinkedInApp]"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 Twitter for iPhone/10.30"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.4 Mobile/15E148 Snapchat/12.78.0.33 (like Safari/8617.3.9.4.5, panda)"
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Version/4.0 Chrome/122 Mobile Safari/537.36Snapchat/12.78 (SM-S911B; Android 14#S911B#34; gzip; )"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 [Pinterest/iOS]"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "GSA/307.0.6 Mobile/15E148 Safari/604.1"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 MicroMessenger/8.0.47(0x18002f2c) NetType/WIFI Language/zh_CN"
    ),
    (
        "Mozilla/5.0 (Linux; Android 12; LGE-AN10 Build/HONORLGE-AN10; wv) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Version/4.0 Chrome/86.0.4240.99 XWEB/3211 MMWEBSDK/20220303 Mobile Safari/537.36 "
        "MMWEBID/7223 MicroMessenger/8.0.21.2120(0x28001557) Process/tools WeChat/arm64 Weixin NetType/WIFI"
        " Language/zh_CN ABI/arm64"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 Barcelona 319.0.0.0 (iPhone14,5; iOS 17_4; en_US)"
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; SM-A536E) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/120 Mobile Safari/537.36 NAVER(inapp; search; 2000; 12.4.3)"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 Line/14.3.0"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 KAKAOTALK 10.4.5"
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Teams/1.6.00 "
        "Chrome/108 Electron/22 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) discord/1.0.9030 "
        "Chrome/108.0.5359.215 Electron/22.3.26 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Notion/3.1.0 "
        "Chrome/120 Electron/28 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Code/1.86.0 "
        "Chrome/118 Electron/27 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Cursor/0.40 "
        "Chrome/118 Electron/27 Safari/537.36"
    ),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Thunderbird/115.8.1",
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "CriOS/122 Mobile/15E148 Safari/604.1 DuckDuckGo/7"
    ),
    (
        "Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122 Mobile "
        "DuckDuckGo/5 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 musical_ly_33.3.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/en Region/US "
        "BytedanceWebview/d8a21c6"
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/120 Mobile Safari/537.36 Reddit/2024.10"
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/120 Mobile Safari/537.36 Viber/21.0.0.0"
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 Viber/21"
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
        "Safari/537.36"
    ),
    (
        "Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15 "
        "Safari/605"
    ),
)

APPS = (
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.10730; Pro)",
    "Microsoft Office/16.0 (Microsoft Outlook 16.0.17126; Pro), Mozilla/4.0",
    "Outlook-iOS/709.2226530.prod.iphone (3.24.1)",
    "Outlook-Android/2.0",
    "Microsoft Office Outlook/16.66 (Mac OS/12.6; Desktop; en-US; AppStore; Apple/MacBookPro18,3)",
    "MacOutlook/16.66.22100900 (Intelx64 Mac OS X 12.6 (Build 21G115))",
    "Microsoft Office Word/2.45.106 (iOS/14.2; Tablet; es-MX; AppStore; Apple/iPad8,9)",
    "Microsoft Office Excel 2014",
    "com.yandex.mobile/1.0 (Linux; Android 12)",
    "ru.yandex.searchplugin/22.9 (Xiaomi Redmi; Android 11)",
    (
        "com.google.android.apps.searchlite/101032 (Linux; U; Android 8.1.0; ru_RU; M580; Build/O11019; "
        "Cronet/74.0.3729.182)"
    ),
    (
        "com.zhiliaoapp.musically/2022600040 (Linux; U; Android 7.1.2; en_US; SM-G977N; Build/LMY48Z;tt-"
        "ok/3.12.13.1; Cronet/58.0.2991.0)"
    ),
    (
        "com.ss.android.ugc.trill/300904 (Linux; U; Android 12; en; CPH2127; Build/SP1A; "
        "Cronet/TTNetVersion:6c7b701a 2020-04-23 QuicVersion:0144d358)"
    ),
    "PodcastAddict/v5 (+https://podcastaddict.com/; Android podcast app)",
    "Podcast Addict - Dalvik/2.1.0 (Linux; U; Android 9; SM-G960F Build/PPR1)",
    "PodcastAddict/v2 - Dalvik/2.1.0 (Linux; U; Android 6.0.1; SM-G920F Build/MMB29K)",
    (
        "com.google.android.apps.youtube.music/6.42.52 (Linux; U; Android 13; en_US; SM-S918B; "
        "Build/TP1A.220624.014; Cronet/121.0) gzip"
    ),
    "com.google.android.apps.youtube.music/4.07.51(Linux; U; Android 10) gzip",
    "com.google.ios.youtubemusic/6.42 (iPhone15,3; U; CPU iOS 17_3 like Mac OS X; en_US)",
    "AndroidDownloadManager/12 (Linux; U; Android 12; Redmi Note 9 Build/SP1A)",
    "AndroidDownloadManager",
    "MyApp/1 CFNetwork/1490.0.4 Darwin/23.2.0",
)

DEVICES = (
    "Nokia6300/2.0 (07.21) Profile/MIDP-2.0 Configuration/CLDC-1.1",
    "Roku4640X/DVP-7.70 (297.70E04154A)",
    "SonyEricssonW20/R1x Browser/NetFront/3.5 Profile/MIDP-2.1 Configuration/CLDC-1.1 JavaPlatform/JP-8.5",
)
