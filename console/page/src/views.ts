import type { ComponentType } from "preact"
import { CampaignView } from "./pages/campaign/CampaignView"
import { CampaignsView } from "./pages/campaigns/CampaignsView"
import { lazily } from "./shell/lazily"
import { partsOf } from "./state/place"
import { words } from "./text/en"

/** A view: the addresses that are its, the role that its numbers need, and what draws it. */
export interface View {
  pattern: string
  role: string
  title: (parts: Record<string, string>) => string
  draw: ComponentType<{ parts: Record<string, string> }>
}

// Campaigns are looked at first and most; what else there is comes in files of its own.
const CompareView = lazily(async () => (await import("./pages/compare/CompareView")).CompareView)
const BulkView = lazily(async () => (await import("./pages/links/BulkView")).BulkView)
const ClicksView = lazily(async () => (await import("./pages/links/ClicksView")).ClicksView)
const DeletedView = lazily(async () => (await import("./pages/links/DeletedView")).DeletedView)
const LinkPage = lazily(async () => (await import("./pages/links/LinkPage")).LinkPage)
const LinksView = lazily(async () => (await import("./pages/links/LinksView")).LinksView)
const LiveView = lazily(async () => (await import("./pages/live/LiveView")).LiveView)
const QualityView = lazily(async () => (await import("./pages/quality/QualityView")).QualityView)
const SharesView = lazily(async () => (await import("./pages/shares/SharesView")).SharesView)
const UnknownView = lazily(async () => (await import("./pages/unknown/UnknownView")).UnknownView)

/** An entry of the navigation, and the key that follows `g`. */
export interface Entry {
  to: string
  name: string
  key: string
}

export const VIEWS: readonly View[] = [
  {
    pattern: "/campaigns",
    role: "reports:read",
    title: () => words.nav.campaigns,
    draw: CampaignsView,
  },
  {
    pattern: "/campaigns/:campaign",
    role: "reports:read",
    title: ({ campaign }) => campaign || words.campaigns.noName,
    draw: CampaignView,
  },
  { pattern: "/links", role: "links:read", title: () => words.nav.links, draw: LinksView },
  { pattern: "/compare", role: "reports:read", title: () => words.compare.title, draw: CompareView },
  { pattern: "/live", role: "reports:read", title: () => words.live.title, draw: LiveView },
  { pattern: "/quality", role: "reports:read", title: () => words.quality.title, draw: QualityView },
  { pattern: "/unknown", role: "reports:read", title: () => words.unknown.title, draw: UnknownView },
  { pattern: "/shares", role: "reports:read", title: () => words.shares.title, draw: SharesView },
  { pattern: "/links/bulk", role: "links:write", title: () => words.links.paste.title, draw: BulkView },
  { pattern: "/links/deleted", role: "links:read", title: () => words.links.deleted, draw: DeletedView },
  {
    pattern: "/links/:domain/:slug",
    role: "links:read",
    title: ({ domain, slug }) => `${domain}/${slug}`,
    draw: LinkPage,
  },
  {
    pattern: "/links/:domain/:slug/clicks",
    role: "reports:read",
    title: ({ domain, slug }) => words.links.clicksOf(`${domain}/${slug}`),
    draw: ClicksView,
  },
]

/** The navigation, of the views that there are. */
export const ENTRIES: readonly Entry[] = [
  { to: "/campaigns", name: words.nav.campaigns, key: "c" },
  { to: "/links", name: words.nav.links, key: "l" },
  { to: "/compare", name: words.nav.compare, key: "p" },
  { to: "/live", name: words.nav.live, key: "v" },
  { to: "/quality", name: words.nav.quality, key: "q" },
  { to: "/unknown", name: words.nav.unknown, key: "u" },
  { to: "/shares", name: words.nav.shares, key: "s" },
].filter(entry => VIEWS.some(view => view.pattern === entry.to))

/** The view of a path with the parts that its address names. */
export function viewOf(path: string): { view: View; parts: Record<string, string> } | null {
  for (const view of VIEWS) {
    const parts = partsOf(view.pattern, path)
    if (parts) return { view, parts }
  }
  return null
}
