import { many } from "./many"

/** The words of data quality and of live counts. */
export const quality = {
  title: "Data quality",
  needs: "What needs you",
  fine: "Nothing is wrong that can be seen from here",
  fineHint:
    "In this period no link has more clicks than impressions, and none lacks impressions of its kind.",
  left: "What is left out, and why",
  leftHint: "It is counted, and kept, but not among people’s clicks and impressions.",
  leftNone: "Nothing was left out in this period.",
  how: "How it was counted",
  columns: { what: "What", amount: "How many", why: "Why" },
  clicksOf: (what: string) => `Clicks: ${what}`,
  impressionsOf: (what: string) => `Impressions: ${what}`,
  classes: {
    bot: { says: "bots", why: "programs that say what they are, or click faster than people do" },
    prefetch: { says: "previews", why: "a messenger or browser looked ahead; nobody has clicked yet" },
    duplicate: { says: "double taps", why: "the same visitor on the same link again within seconds" },
    unknown: { says: "unclear", why: "too little was said to tell whether a person clicked" },
    unverified: {
      says: "opened by a mail proxy",
      why: "a mail service fetched the picture, perhaps without anybody looking",
    },
  } as Record<string, { says: string; why: string }>,
  findings: {
    "links over 100 %": {
      says: (amount: string) => `Links with more clicks than impressions: ${amount}`,
      do: "Impressions are missing, or clicks come from elsewhere. Look whether the platform’s numbers came in.",
    },
    "links without impressions of their kind": {
      says: (amount: string) =>
        `Links without a CTR, because their impressions are of another kind: ${amount}`,
      do: "Choose on the link which impressions its CTR divides by.",
    },
    "posts without a link": {
      says: (amount: string) => `Posts whose numbers belong to no link: ${amount}`,
      do: "Name the post on its link, by the address of the post.",
    },
    "late events": {
      says: (amount: string) => `Events that came late: ${amount}`,
      do: "They are counted where they belong, so numbers of days that are over may still grow.",
    },
    "dead letters": {
      says: (amount: string) => `What could not be counted at all: ${amount}`,
      do: "Whoever runs the installation can see why in the dead letters.",
    },
    "links without names": {
      says: (amount: string) => `Links with counts, but without a record: ${amount}`,
      do: "They are counted without a campaign. Make them known, or look who made them.",
    },
  } as Record<string, { says: (amount: string) => string; do: string }>,
  rules: "Rules that told people from bots",
  rulesSaid: (sets: readonly string[]) => `rule ${sets.length > 1 ? "sets" : "set"} ${sets.join(", ")}`,
  rulesNone: "nothing was counted",
  upTo: "Counted up to",
  upToSaid: (at: string) => `${at}, the last minute in which anything was counted`,
  never: "nothing was counted in this period",
  examples: "Examples",
  sql: "The SQL of these findings",
}

export const live = {
  title: "Live",
  window: "The last ten minutes",
  rests: (zone: string) => `Clicks of each minute of ${zone}; a dashed bar is not over yet.`,
  minuteSays: (minute: string, clicks: string, open: boolean) =>
    [minute, clicks, open && "not over yet"].filter(Boolean).join(" · "),
  pictured: (until: string) => `The ten minutes until ${until}`,
  pause: "Pause",
  resume: "Go on",
  on: "live",
  paused: (since: string) => `Paused since ${since}. Counting goes on.`,
  waiting: "Connecting",
  lost: (since: string) => `Not live since ${since}: what you see is as of then. It keeps trying.`,
  quiet: "Nothing was counted in the last ten minutes",
  quietHint: "Open one of your links: it appears here within seconds.",
  columns: { post: "Post", channel: "Channel", campaign: "Campaign", last: "Ten minutes" },
  gross: (other: number) => `${many(other, "click", "clicks")} of bots and the like, left out`,
  noPost: "without a post",
}
