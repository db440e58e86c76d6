// Made by `make page-types` from the description of the API; a test holds that it is current.

export interface Annotation {
  at: string
  what: "definition changed" | "published" | "revised"
  account: string
  campaign: string
  post: string
  channel: string
  profile: string
  detail: string
  impressions: number
}

export interface AnnotationsReport {
  since: string
  until: string
  rows: Annotation[]
}

export interface AnswerView {
  status: number
  location: string | null
  destination: number
  name: string
  why: "early" | "expired" | "own" | "rule" | "variant"
  split: Share[]
  counted: boolean
  counted_as: CountedAs | null
  scan: boolean
}

export interface BreakdownReport {
  since: string
  until: string
  rows: BreakdownRow[]
}

export interface BreakdownRow {
  clicks: number
  gross_clicks: number
  impressions: number
  kinds: string[]
  ctr: number | null
  account?: string
  campaign?: string
  post?: string
  channel?: string
  profile?: string
  link?: string
  links: number
  ctr_from: number | null
  ctr_to: number | null
}

export interface BulkAnswer {
  line: number
  status: number
  link?: string
  etag?: string
  served?: boolean
  problem?: string
  pointer?: string
}

export interface BulkLine {
  destination?: string
  account?: string | null
  title?: string | null
  tags?: string[] | null
  campaign?: string | null
  post?: string | null
  channel?: string | null
  profile?: string | null
  variant?: string | null
  experiment?: string | null
  post_id?: string | null
  post_url?: string | null
  published_at?: string | null
  impressions?: "platform" | "rendered" | "served" | "viewable" | "" | null
  aim?: "" | "awareness" | null
  origins?: string[] | null
  status?: 301 | 302 | 303 | 307 | 308 | null
  cache_s?: number | null
  click_id_parameter?: string | null
  starts_at?: string | null
  expires_at?: string | null
  early_destination?: string | null
  expired_destination?: string | null
  variants?: VariantBody[] | null
  weight?: number | null
  rules?: RuleBody[] | null
  pass_query?: boolean | null
  add_utm?: boolean | null
  utm_source?: string | null
  utm_medium?: string | null
  utm_campaign?: string | null
  utm_term?: string | null
  utm_content?: string | null
  archived?: boolean
  domain: string
  slug: string
  delete?: boolean
}

export interface CampaignPage {
  campaigns: CampaignView[]
  next: string | null
}

export interface CampaignPatch {
  aim?: "" | "awareness" | null
  state?: "active" | "completed"
  starts_at?: string | null
  ends_at?: string | null
  note?: string | null
}

export interface CampaignView {
  name: string
  account: string
  aim: string
  state: string
  starts_at: string | null
  ends_at: string | null
  note: string
  created_at: string | null
  updated_at: string | null
  etag: string
}

export interface ClicksReport {
  since: string
  until: string
  rows: ClicksRow[]
}

export interface ClicksRow {
  account?: string
  campaign?: string
  post?: string
  channel?: string
  profile?: string
  link?: string
  device?: string
  os?: string
  browser?: string
  referrer_source?: string
  referrer_medium?: string
  referrer_host?: string
  country?: string
  region?: string
  language?: string
  utm_source?: string
  utm_medium?: string
  utm_campaign?: string
  utm_term?: string
  utm_content?: string
  destination?: string
  scan?: string
  class?: string
  is_other: boolean
  clicks: number
  gross_clicks: number
}

export interface CompareReport {
  since: string
  until: string
  measure: string
  rows: Side[]
  pairs: PairOfSides[]
  sample_ratio_p: number | null
  verdict: string
  meaning: string
}

export interface CountedAs {
  kind: "click"
  recognized: boolean
  traffic_class: "bot" | "duplicate" | "human" | "prefetch" | "unknown" | "unverified" | null
  reason: string
  rules: number
  unjudged: string
}

export interface DeletedLinkView {
  deleted_at: string
  restorable_until: string
  link: LinkView
}

export interface DeletedPage {
  links: DeletedLinkView[]
  next: string | null
}

export interface DestinationRow {
  link: string
  account: string
  destination: number
  name: string
  kind: "early" | "expired" | "own" | "retired" | "rule" | "variant"
  url: string
  clicks: number
  gross_clicks: number
  scans: number
  visitors: number
  expected_share: number | null
  share: number | null
  split_since: string | null
  sample_ratio_p: number | null
  sample_ratio_mismatch: boolean
}

export interface DestinationsReport {
  since: string
  until: string
  rows: DestinationRow[]
}

export interface Finding {
  finding: string
  amount: number
  examples: string[]
  meaning: string
}

export interface HeatMap {
  since: string
  until: string
  rows: HeatMapRow[]
}

export interface HeatMapRow {
  clicks: number
  gross_clicks: number
  impressions: number
  kinds: string[]
  ctr: number | null
  weekday: number
  hour: number
}

export interface LinkPage {
  links: LinkView[]
  next: string | null
}

export interface LinkPatch {
  destination?: string
  account?: string | null
  title?: string | null
  tags?: string[] | null
  campaign?: string | null
  post?: string | null
  channel?: string | null
  profile?: string | null
  variant?: string | null
  experiment?: string | null
  post_id?: string | null
  post_url?: string | null
  published_at?: string | null
  impressions?: "platform" | "rendered" | "served" | "viewable" | "" | null
  aim?: "" | "awareness" | null
  origins?: string[] | null
  status?: 301 | 302 | 303 | 307 | 308 | null
  cache_s?: number | null
  click_id_parameter?: string | null
  starts_at?: string | null
  expires_at?: string | null
  early_destination?: string | null
  expired_destination?: string | null
  variants?: VariantBody[] | null
  weight?: number | null
  rules?: RuleBody[] | null
  pass_query?: boolean | null
  add_utm?: boolean | null
  utm_source?: string | null
  utm_medium?: string | null
  utm_campaign?: string | null
  utm_term?: string | null
  utm_content?: string | null
  archived?: boolean
}

export interface LinkView {
  link: string
  domain: string
  slug: string
  destination: string
  account: string
  title: string
  tags: string[]
  campaign: string
  post: string
  channel: string
  profile: string
  variant: string
  experiment: string
  post_id: string
  post_url: string
  published_at: string | null
  impressions: string
  aim: string
  origins: string[]
  status: number
  cache_s: number
  click_id_parameter: string
  starts_at: string | null
  expires_at: string | null
  early_destination: string
  expired_destination: string
  variants: VariantView[]
  weight: number
  rules: RuleView[]
  retired: Retired[]
  pass_query: boolean
  add_utm: boolean
  utm_source: string
  utm_medium: string
  utm_campaign: string
  utm_term: string
  utm_content: string
  warnings: string[]
  created_at: string | null
  archived_at: string | null
  updated_at: string | null
  etag: string
}

export interface LiveRow {
  minute: string
  account: string
  campaign: string
  post: string
  channel: string
  clicks: number
  gross_clicks: number
  impressions: number
}

export interface MadeShare {
  share: ShareView
  text: string
  address: string
}

export interface NewLink {
  destination: string
  account?: string | null
  title?: string | null
  tags?: string[] | null
  campaign?: string | null
  post?: string | null
  channel?: string | null
  profile?: string | null
  variant?: string | null
  experiment?: string | null
  post_id?: string | null
  post_url?: string | null
  published_at?: string | null
  impressions?: "platform" | "rendered" | "served" | "viewable" | "" | null
  aim?: "" | "awareness" | null
  origins?: string[] | null
  status?: 301 | 302 | 303 | 307 | 308 | null
  cache_s?: number | null
  click_id_parameter?: string | null
  starts_at?: string | null
  expires_at?: string | null
  early_destination?: string | null
  expired_destination?: string | null
  variants?: VariantBody[] | null
  weight?: number | null
  rules?: RuleBody[] | null
  pass_query?: boolean | null
  add_utm?: boolean | null
  utm_source?: string | null
  utm_medium?: string | null
  utm_campaign?: string | null
  utm_term?: string | null
  utm_content?: string | null
  archived?: boolean
  domain?: string
  slug?: string
}

export interface NewShare {
  view: string
  scope?: ShareScope
  sides?: string[]
  name?: string
  expires_at: string
}

export interface PairOfSides {
  first: number
  second: number
  difference: number | null
  difference_from: number | null
  difference_to: number | null
  p_value: number | null
  p_adjusted: number | null
  verdict: string
}

export interface PerformanceReport {
  since: string
  until: string
  rows: PerformanceRow[]
  totals?: TotalsRow[]
}

export interface PerformanceRow {
  account: string
  campaign?: string
  post?: string
  channel?: string
  profile?: string
  links: number
  posts?: number
  clicks: number
  gross_clicks: number
  impressions: number
  kinds: string[]
  ctr: number | null
  ctr_from: number | null
  ctr_to: number | null
  enough_data: boolean
  over_100_percent: boolean
  range_low: number | null
  range_high: number | null
  position: string
  usual_impressions: number
  pattern: string
  meaning: string
  advice: string
  clicks_before?: number
  gross_clicks_before?: number
  impressions_before?: number
  ctr_before?: number | null
}

export interface PostPage {
  posts: PostView[]
  next: string | null
}

export interface PostPatch {
  profile?: string | null
  text?: string | null
  published_at?: string | null
  post_id?: string | null
  post_url?: string | null
}

export interface PostView {
  name: string
  account: string
  campaign: string
  channel: string
  profile: string
  text: string
  published_at: string | null
  post_id: string
  post_url: string
  created_at: string | null
  updated_at: string | null
  etag: string
}

export interface ProblemDetails {
  type: string
  title: string
  status: number
  detail: string
  pointer?: string
  parameter?: string
}

export interface ProblemMeaning {
  type: string
  title: string
  status: number
}

export interface QualityReport {
  since: string
  until: string
  rows: Finding[]
}

export interface Retired {
  number: number
  name: string
}

export interface RuleBody {
  name: string
  destination: string
  countries?: string[]
  languages?: string[]
  devices?: ("android" | "ios" | "linux" | "macos" | "other" | "windows")[]
  number?: number
}

export interface RuleView {
  number: number
  name: string
  destination: string
  countries: string[]
  languages: string[]
  devices: string[]
}

export interface SeriesReport {
  since: string
  until: string
  rows: SeriesRow[]
}

export interface SeriesRow {
  clicks: number
  gross_clicks: number
  impressions: number
  kinds: string[]
  ctr: number | null
  account?: string
  campaign?: string
  post?: string
  channel?: string
  profile?: string
  start: string
}

export interface SessionView {
  name: string
  account: string
  roles: ("admin" | "impressions:write" | "links:read" | "links:write" | "reports:read")[]
  kind: string
  scope: Record<string, string>
  sides: string[]
  view?: string
  shared_until?: string | null
  signed_in_at?: string | null
  expires_at?: string | null
  idle_s: number
  zone: string
  domains: string[]
  link_urls: Record<string, string>
  version: string
}

export interface Share {
  destination: number
  name: string
  share: number
}

export interface SharePage {
  shares: ShareView[]
  next: string | null
}

export interface ShareScope {
  account?: string | null
  campaign?: string | null
  post?: string | null
  channel?: string | null
  profile?: string | null
}

export interface ShareView {
  id: string
  name: string
  view: string
  scope: Record<string, string>
  sides: string[]
  account: string
  made_by: string
  created_at: string
  expires_at: string
  revoked_at: string | null
  state: "expired" | "open" | "revoked"
}

export interface Side {
  clicks: number
  gross_clicks: number
  impressions: number
  kinds: string[]
  ctr: number | null
  labels: Record<string, string>
  links: number
  ctr_from: number | null
  ctr_to: number | null
  weight: number
  enough_data: boolean
  is_winner: boolean
}

export interface SignInBody {
  token?: string
  code?: string
  share?: string
}

export interface TotalsReport {
  since: string
  until: string
  rows: TotalsRow[]
}

export interface TotalsRow {
  clicks: number
  gross_clicks: number
  impressions: number
  kinds: string[]
  ctr: number | null
  period: "before" | "now"
  links: number
  ctr_from: number | null
  ctr_to: number | null
}

export interface UniqueClicks {
  account?: string
  campaign?: string
  post?: string
  channel?: string
  profile?: string
  link?: string
  unique_clicks: number
}

export interface UniquesReport {
  since: string
  until: string
  rows: UniqueClicks[]
}

export interface UnknownSlugRow {
  day: string
  domain: string
  slug: string
  reason: "deleted" | "expired" | "unknown"
  referrer_host: string
  account: string
  campaign: string
  post: string
  channel: string
  profile: string
  requests: number
}

export interface UnknownSlugs {
  since: string
  until: string
  rows: UnknownSlugRow[]
}

export interface VariantBody {
  name: string
  destination: string
  weight?: number
  number?: number
}

export interface VariantRow {
  account: string
  experiment: string
  variant: string
  is_control: boolean
  links: number
  clicks: number
  gross_clicks: number
  impressions: number
  kinds: string[]
  ctr: number | null
  ctr_from: number | null
  ctr_to: number | null
  weight: number
  measure: string
  difference: number | null
  difference_from: number | null
  difference_to: number | null
  lift: number | null
  enough_data: boolean
  p_value: number | null
  p_adjusted: number | null
  against_control: string
  sample_ratio_p: number | null
  sample_ratio_mismatch: boolean
  is_winner: boolean
  verdict: string
}

export interface VariantView {
  number: number
  name: string
  destination: string
  weight: number
}

export interface VariantsReport {
  since: string
  until: string
  rows: VariantRow[]
}

export interface Operations {
  listLinks: { path: object; query: { search?: string; domain?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; variant?: string; experiment?: string; tag?: string; archived?: "any" | "false" | "true"; limit?: number; cursor?: string }; body: undefined; answer: LinkPage }
  createLink: { path: object; query: object; body: NewLink; answer: LinkView }
  bulkLinks: { path: object; query: object; body: string; answer: string }
  exportLinks: { path: object; query: { search?: string; domain?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; variant?: string; experiment?: string; tag?: string; archived?: "any" | "false" | "true"; format?: "csv" | "ndjson" }; body: undefined; answer: string }
  readLink: { path: { domain: string; slug: string }; query: object; body: undefined; answer: LinkView }
  changeLink: { path: { domain: string; slug: string }; query: object; body: LinkPatch; answer: LinkView }
  deleteLink: { path: { domain: string; slug: string }; query: object; body: undefined; answer: undefined }
  restoreLink: { path: { domain: string; slug: string }; query: object; body: undefined; answer: LinkView }
  listDeletedLinks: { path: object; query: { limit?: number; cursor?: string }; body: undefined; answer: DeletedPage }
  testLink: { path: { domain: string; slug: string }; query: { ua?: string; language?: string | ""; country?: string | ""; query?: string; purpose?: string; dnt?: boolean; network?: "" | "datacenter" | "mail_scanner" | "office"; visitor?: number; at?: string }; body: undefined; answer: AnswerView }
  testEdits: { path: { domain: string; slug: string }; query: { ua?: string; language?: string | ""; country?: string | ""; query?: string; purpose?: string; dnt?: boolean; network?: "" | "datacenter" | "mail_scanner" | "office"; visitor?: number; at?: string }; body: LinkPatch; answer: AnswerView }
  drawCode: { path: { domain: string; slug: string }; query: { format?: "png" | "svg"; size?: number; margin?: number; correction?: "H" | "L" | "M" | "Q"; dark?: string; light?: string }; body: undefined; answer: string }
  drawCodeWithLogo: { path: { domain: string; slug: string }; query: { format?: "png" | "svg"; size?: number; margin?: number; correction?: "H" | "L" | "M" | "Q"; dark?: string; light?: string }; body: string; answer: string }
  listCampaigns: { path: object; query: { account?: string; state?: "active" | "completed"; limit?: number; cursor?: string }; body: undefined; answer: CampaignPage }
  readCampaign: { path: { campaign: string }; query: { account?: string }; body: undefined; answer: CampaignView }
  saveCampaign: { path: { campaign: string }; query: { account?: string }; body: CampaignPatch; answer: CampaignView }
  listPosts: { path: { campaign: string }; query: { account?: string; channel?: string; profile?: string; limit?: number; cursor?: string }; body: undefined; answer: PostPage }
  readPost: { path: { campaign: string; channel: string; post: string }; query: { account?: string }; body: undefined; answer: PostView }
  savePost: { path: { campaign: string; channel: string; post: string }; query: { account?: string }; body: PostPatch; answer: PostView }
  listen: { path: object; query: { account?: string; campaign?: string }; body: undefined; answer: string }
  reportPosts: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; limit?: number; previous?: boolean }; body: undefined; answer: PerformanceReport }
  reportCampaigns: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; limit?: number; previous?: boolean }; body: undefined; answer: PerformanceReport }
  reportChannels: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; limit?: number; previous?: boolean }; body: undefined; answer: PerformanceReport }
  reportProfiles: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; limit?: number; previous?: boolean }; body: undefined; answer: PerformanceReport }
  reportBreakdown: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; link?: string; having?: "platform" | "rendered" | "served" | "viewable"; class?: "all" | "bot" | "duplicate" | "human" | "prefetch" | "unknown"; kind?: "platform" | "rendered" | "served" | "viewable"; by: string; limit?: number }; body: undefined; answer: BreakdownReport }
  reportClicks: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; link?: string; having?: "platform" | "rendered" | "served" | "viewable"; by: string; class?: "all" | "bot" | "duplicate" | "human" | "prefetch" | "unknown"; most?: number; device?: string; os?: string; browser?: string; referrer_source?: string; referrer_medium?: string; referrer_host?: string; country?: string; region?: string; language?: string; utm_source?: string; utm_medium?: string; utm_campaign?: string; utm_term?: string; utm_content?: string; destination?: string; scan?: string; not_device?: string; not_os?: string; not_browser?: string; not_referrer_source?: string; not_referrer_medium?: string; not_referrer_host?: string; not_country?: string; not_region?: string; not_language?: string; not_utm_source?: string; not_utm_medium?: string; not_utm_campaign?: string; not_utm_term?: string; not_utm_content?: string; not_destination?: string; not_scan?: string }; body: undefined; answer: ClicksReport }
  reportTotals: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql" }; body: undefined; answer: TotalsReport }
  reportCompare: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; of: string[] }; body: undefined; answer: CompareReport }
  reportVariants: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; experiment?: string; limit?: number }; body: undefined; answer: VariantsReport }
  reportDestinations: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; link?: string; limit?: number }; body: undefined; answer: DestinationsReport }
  reportQuality: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql" }; body: undefined; answer: QualityReport }
  reportAnnotations: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; limit?: number }; body: undefined; answer: AnnotationsReport }
  reportUnknownSlugs: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; domain?: string; slug?: string; reason?: "deleted" | "expired" | "unknown"; limit?: number }; body: undefined; answer: UnknownSlugs }
  reportUniques: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; link?: string; having?: "platform" | "rendered" | "served" | "viewable"; by?: string; limit?: number }; body: undefined; answer: UniquesReport }
  reportSeries: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; link?: string; having?: "platform" | "rendered" | "served" | "viewable"; class?: "all" | "bot" | "duplicate" | "human" | "prefetch" | "unknown"; kind?: "platform" | "rendered" | "served" | "viewable"; unit?: "day" | "hour" | "minute"; zone?: string; by?: string; posts?: string[]; limit?: number }; body: undefined; answer: SeriesReport }
  reportHeatMap: { path: object; query: { since?: string; until?: string; account?: string; campaign?: string; post?: string; channel?: string; profile?: string; not_account?: string; not_campaign?: string; not_post?: string; not_channel?: string; not_profile?: string; format?: "arrow" | "csv" | "json" | "sql"; link?: string; having?: "platform" | "rendered" | "served" | "viewable"; class?: "all" | "bot" | "duplicate" | "human" | "prefetch" | "unknown"; kind?: "platform" | "rendered" | "served" | "viewable"; zone?: string }; body: undefined; answer: HeatMap }
  signIn: { path: object; query: object; body: SignInBody; answer: SessionView }
  readSession: { path: object; query: object; body: undefined; answer: SessionView }
  signOut: { path: object; query: object; body: undefined; answer: undefined }
  makeShare: { path: object; query: object; body: NewShare; answer: MadeShare }
  listShares: { path: object; query: { limit?: number; cursor?: string }; body: undefined; answer: SharePage }
  revokeShare: { path: { share: string }; query: object; body: undefined; answer: undefined }
  describeApi: { path: object; query: object; body: undefined; answer: unknown }
  describeProblem: { path: { name: string }; query: object; body: undefined; answer: ProblemMeaning }
  pageHtml: { path: object; query: object; body: undefined; answer: string }
  pageCss: { path: object; query: object; body: undefined; answer: string }
  pageJs: { path: object; query: object; body: undefined; answer: string }
}

export const operations = {
  listLinks: { method: "GET", path: "/v1/links" },
  createLink: { method: "POST", path: "/v1/links" },
  bulkLinks: { method: "POST", path: "/v1/links/bulk" },
  exportLinks: { method: "GET", path: "/v1/links/export" },
  readLink: { method: "GET", path: "/v1/links/{domain}/{slug}" },
  changeLink: { method: "PATCH", path: "/v1/links/{domain}/{slug}" },
  deleteLink: { method: "DELETE", path: "/v1/links/{domain}/{slug}" },
  restoreLink: { method: "POST", path: "/v1/links/{domain}/{slug}/restore" },
  listDeletedLinks: { method: "GET", path: "/v1/deleted-links" },
  testLink: { method: "GET", path: "/v1/links/{domain}/{slug}/answer" },
  testEdits: { method: "POST", path: "/v1/links/{domain}/{slug}/answer" },
  drawCode: { method: "GET", path: "/v1/links/{domain}/{slug}/qr" },
  drawCodeWithLogo: { method: "POST", path: "/v1/links/{domain}/{slug}/qr" },
  listCampaigns: { method: "GET", path: "/v1/campaigns" },
  readCampaign: { method: "GET", path: "/v1/campaigns/{campaign}" },
  saveCampaign: { method: "PATCH", path: "/v1/campaigns/{campaign}" },
  listPosts: { method: "GET", path: "/v1/campaigns/{campaign}/posts" },
  readPost: { method: "GET", path: "/v1/campaigns/{campaign}/posts/{channel}/{post}" },
  savePost: { method: "PATCH", path: "/v1/campaigns/{campaign}/posts/{channel}/{post}" },
  listen: { method: "GET", path: "/v1/live" },
  reportPosts: { method: "GET", path: "/v1/reports/posts" },
  reportCampaigns: { method: "GET", path: "/v1/reports/campaigns" },
  reportChannels: { method: "GET", path: "/v1/reports/channels" },
  reportProfiles: { method: "GET", path: "/v1/reports/profiles" },
  reportBreakdown: { method: "GET", path: "/v1/reports/breakdown" },
  reportClicks: { method: "GET", path: "/v1/reports/clicks" },
  reportTotals: { method: "GET", path: "/v1/reports/totals" },
  reportCompare: { method: "GET", path: "/v1/reports/compare" },
  reportVariants: { method: "GET", path: "/v1/reports/variants" },
  reportDestinations: { method: "GET", path: "/v1/reports/destinations" },
  reportQuality: { method: "GET", path: "/v1/reports/quality" },
  reportAnnotations: { method: "GET", path: "/v1/reports/annotations" },
  reportUnknownSlugs: { method: "GET", path: "/v1/reports/unknown-slugs" },
  reportUniques: { method: "GET", path: "/v1/reports/uniques" },
  reportSeries: { method: "GET", path: "/v1/reports/series" },
  reportHeatMap: { method: "GET", path: "/v1/reports/heat-map" },
  signIn: { method: "POST", path: "/v1/session" },
  readSession: { method: "GET", path: "/v1/session" },
  signOut: { method: "DELETE", path: "/v1/session" },
  makeShare: { method: "POST", path: "/v1/shares" },
  listShares: { method: "GET", path: "/v1/shares" },
  revokeShare: { method: "DELETE", path: "/v1/shares/{share}" },
  describeApi: { method: "GET", path: "/v1/openapi.json" },
  describeProblem: { method: "GET", path: "/problems/{name}" },
  pageHtml: { method: "GET", path: "/docs" },
  pageCss: { method: "GET", path: "/docs/api.css" },
  pageJs: { method: "GET", path: "/docs/api.js" },
} as const
