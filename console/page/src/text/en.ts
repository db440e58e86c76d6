import { count } from "./locale"

/**
 * Every word of the page, English. Another language is another table of this type; sentences with numbers are
 * functions, so that each language orders and bends them as it must.
 */
const plural = new Intl.PluralRules("en")

function many(value: number, one: string, other: string): string {
  return `${count(value)} ${plural.select(value) === "one" ? one : other}`
}

export const en = {
  name: "clicktally",
  nav: {
    label: "Views",
    campaigns: "Campaigns",
    links: "Links",
    compare: "Compare",
    live: "Live",
    quality: "Quality",
    unknown: "Unknown slugs",
    skip: "Skip to the content",
    keys: "Keyboard shortcuts",
    theme: { system: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" },
    signOut: "Sign out",
    signedInAs: (name: string) => `Signed in as ${name}`,
  },
  unit: {
    clicks: "clicks",
    click: "click",
    impressions: "impressions",
    ctr: "CTR",
    posts: (value: number) => many(value, "post", "posts"),
    links: (value: number) => many(value, "link", "links"),
    profiles: (value: number) => many(value, "profile", "profiles"),
  },
  signIn: {
    title: "Sign in",
    why: "With a token of this installation. It is kept by a cookie of this browser, not by the page.",
    token: "Token",
    button: "Sign in",
    busy: "Signing in",
    make: "Make one in a terminal:",
    codeUsed: "This sign-in link was used or is too old. A token still works.",
    wrong: "Nobody is known by this token. Look for a missing character, or make a new one.",
  },
  keys: {
    title: "Keyboard",
    close: "Close",
    show: "show this",
    goTo: (view: string) => `go to ${view}`,
    theme: "light, dark, or as the system",
    period: (days: number) => `the last ${days} days`,
    chart: "in a chart, move to the next or previous window",
    ends: "in a chart, to the first or last window",
  },
  state: {
    loading: "Loading",
    again: "Try again",
    stale: (since: string) => `Numbers as of ${since}: newer ones cannot be had at the moment.`,
    unreachable: "The console does not answer",
    unreachableHint:
      "It may be restarting, or the network is gone. What you see stays; the page keeps asking.",
    notAllowed: "Your token may not see this",
    notAllowedHint: (role: string) =>
      `It needs the role ${role}. Whoever gave you the token can make one with it.`,
    problem: "This cannot be shown",
    notFound: "There is nothing at this address",
    notFoundHint: "The link may be old, or mistyped. Campaigns are a good place to begin.",
    toCampaigns: "To the campaigns",
  },
  campaigns: {
    title: "Campaigns",
    search: "Find a campaign",
    none: "No campaign fits",
    noneHint: "Take letters away, or look at all states.",
    first: "Three steps to the first click",
    firstSteps: [
      ["Make a link", "Give it a destination, a campaign and a channel."],
      ["Open it", "Paste it into a browser, as a visitor would."],
      ["See it counted", "Its campaign appears here within seconds, with one click."],
    ] as const,
    makeLink: "Make a link",
    noName: "without a campaign",
    state: { all: "all", active: "active", completed: "completed" } as Record<string, string>,
    columns: {
      campaign: "Campaign",
      state: "State",
      posts: "Posts",
      clicks: "Clicks",
      impressions: "Impressions",
      ctr: "CTR",
      change: "vs. before",
      pattern: "What it says",
    },
  },
  period: {
    label: "Period",
    days: (days: number) => `${days} d`,
    long: (days: number) => `Last ${days} days`,
    custom: "custom",
    from: "from",
    to: "to",
    apply: "Show",
    before: "vs. before",
    beforeHint: (from: string, to: string) => `compared with ${from} to ${to}`,
    noBefore: "nothing to compare with",
  },
  actions: {
    copy: "Copy",
    copied: "Copied",
    notCopied: "This browser does not let the page copy",
    notDrawn: "This browser draws no pictures",
    copyOf: (what: string) => `Copy ${what}`,
    csvOf: (what: string) => `${what} as CSV`,
    pngOf: (what: string) => `${what} as PNG`,
  },
  range: {
    usual: (range: string) => `usual ${range}`,
  },
  pattern: {
    "many impressions, few clicks": {
      says: "seen, not clicked",
      do: "rewrite the opening line or the call to action",
    },
    "few impressions, high CTR": {
      says: "few saw, many acted",
      do: "repeat this angle with a stronger hook, another time of day",
    },
    "many impressions, many clicks": {
      says: "seen and earned",
      do: "note what made it different and reuse it",
    },
    "few impressions, few clicks": {
      says: "hardly shown, hardly clicked",
      do: "other topic, other angle, other time",
    },
    awareness: { says: "awareness", do: "impressions lead, CTR is not judged" },
    "not enough data yet": { says: "not enough data yet", do: "wait before you judge it" },
    "no impressions": { says: "no impressions", do: "nothing to divide by yet" },
    "no reference range": { says: "no usual range for this channel", do: "judge it against your own posts" },
  } as Record<string, { says: string; do: string }>,
}

export type Messages = typeof en
export const words: Messages = en
