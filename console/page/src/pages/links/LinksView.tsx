import { useRef } from "preact/hooks"
import { address } from "../../api/client"
import type { LinkView } from "../../api/types"
import { Actions, Copy, tabbed } from "../../parts/actions"
import { Choose } from "../../parts/Choose"
import { SavedViews } from "../../parts/SavedViews"
import { Scrolls } from "../../parts/Scrolls"
import { Failed, Skeleton, Stale } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { pageOf } from "../../state/linkAddress"
import { go, inThisZone, place, setQuery, withQuery } from "../../state/place"
import { may, zone } from "../../state/session"
import { useShortcuts } from "../../state/shortcuts"
import { words } from "../../text/en"
import { time } from "../../text/locale"
import { NewLink } from "./NewLink"
import { publicAddress } from "./publicAddress"
import "./links.css"

const { links: said } = words
const PAGE = 50
const SEARCH_CHARS = 3
const STATES = ["false", "true", "any"] as const
const LABELS = [
  "domain",
  "account",
  "campaign",
  "post",
  "channel",
  "profile",
  "variant",
  "experiment",
  "tag",
] as const
const COLUMNS = ["link", "destination", "title", "campaign", "channel", "post", "profile", "tags"]

/** All links that the reader may see, a page at a time, and the form of a new one. */
export function LinksView() {
  return place.value.query.has("new") ? <NewLink /> : <Links />
}

function Links() {
  const { query } = place.value
  const field = useRef<HTMLInputElement>(null)
  useShortcuts([
    { keys: "/", does: said.search, run: () => field.current?.focus() },
    ...(may("links:write") ? [{ keys: "n", does: said.new, run: () => go(inThisZone("/links?new=1")) }] : []),
  ])
  const typed = query.get("search") ?? ""
  const filters = filtersOf(query)
  const cursor = query.get("cursor")
  const asked = useAsked("listLinks", {
    query: { ...filters, limit: PAGE, ...(cursor ? { cursor } : {}) },
  })
  const page = asked.data
  if (!page && asked.problem) return <Failed problem={asked.problem} again={asked.again} />
  return (
    <>
      <div class="head">
        <h1 tabIndex={-1}>{said.title}</h1>
        <div class="chosen">
          <SavedViews name={said.title} />
          <a href={inThisZone("/links/deleted")} class="button plain">
            {said.deleted}
          </a>
          {may("links:write") && (
            <>
              <a href={inThisZone("/links/bulk")} class="button">
                {said.bulk}
              </a>
              <a href={inThisZone("/links?new=1")} class="button lead">
                {said.new}
              </a>
            </>
          )}
        </div>
      </div>
      {asked.problem && asked.at && <Stale at={asked.at} again={asked.again} />}
      <div class="controls">
        <input
          ref={field}
          type="search"
          aria-label={said.search}
          placeholder={said.search}
          value={typed}
          aria-describedby="search-hint"
          onInput={event => filterBy({ search: event.currentTarget.value }, true)}
        />
        <Campaigns chosen={query.get("campaign")} />
        <Channels chosen={query.get("channel")} />
        <Choose
          label={said.stateLabel}
          value={query.get("archived") ?? "false"}
          choices={STATES.map(one => [one, said.state[one] ?? one])}
          choose={value => filterBy({ archived: value === "false" ? "" : value })}
        />
        <span class="soft" id="search-hint">
          {typed.trim() && typed.trim().length < SEARCH_CHARS ? said.searchHint : ""}
        </span>
        <span class="fill" />
        <Actions
          of={said.title}
          csv={address("exportLinks", { query: filters }, { format: "csv" })}
          copy={() => tabbed([COLUMNS, ...(page?.links ?? []).map(cells)])}
        />
      </div>
      <Chips query={query} />
      {!page ? (
        <Skeleton height={400} />
      ) : page.links.length ? (
        <Table links={page.links} former={asked.former} />
      ) : (
        <Nothing
          filtered={Object.keys(filters).length > 0 || cursor !== null}
          unfinished={page.next !== null}
        />
      )}
      {page && (cursor || page.next) && (
        <nav class="paging" aria-label={said.title}>
          {cursor && (
            <a class="button" href={withQuery({ cursor: null })}>
              {said.first}
            </a>
          )}
          {page.next && (
            <a class="button" href={withQuery({ cursor: page.next })}>
              {page.links.length ? said.more : said.goOn}
            </a>
          )}
        </nav>
      )}
    </>
  )
}

/** What the address filters by, as the API takes it. */
function filtersOf(query: URLSearchParams): Record<string, string> {
  const filters: Record<string, string> = {}
  for (const name of LABELS) {
    const value = query.get(name)
    if (value !== null) filters[name] = value
  }
  const search = (query.get("search") ?? "").trim()
  if (search.length >= SEARCH_CHARS) filters["search"] = search
  const archived = query.get("archived")
  if (archived === "true" || archived === "any") filters["archived"] = archived
  return filters
}

/** Another filter begins with the first page. */
function filterBy(changes: Record<string, string>, replace = false): void {
  const given = Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, value || null]))
  go(withQuery({ ...given, cursor: null }), { replace })
}

function Campaigns({ chosen }: { chosen: string | null }) {
  const campaigns = useAsked("listCampaigns", { query: { limit: 1000 } })
  const names = new Set((campaigns.data?.campaigns ?? []).map(one => one.name))
  if (chosen) names.add(chosen)
  return (
    <Choose
      label={said.field.campaign}
      value={chosen ?? ""}
      choices={[["", said.allCampaigns], ...[...names].sort().map(name => [name, name] as const)]}
      choose={campaign => filterBy({ campaign })}
    />
  )
}

function Channels({ chosen }: { chosen: string | null }) {
  const names = new Set(Object.keys(words.channel).filter(Boolean))
  if (chosen) names.add(chosen)
  return (
    <Choose
      label={said.field.channel}
      value={chosen ?? ""}
      choices={[
        ["", said.allChannels],
        ...[...names].map(name => [name, words.channel[name] ?? name] as const),
      ]}
      choose={channel => filterBy({ channel })}
    />
  )
}

/** Filters that have no menu of their own: said, and taken away by a click. */
function Chips({ query }: { query: URLSearchParams }) {
  const given = LABELS.filter(name => name !== "campaign" && name !== "channel" && query.has(name))
  if (query.get("campaign") === "") given.push("campaign")
  if (query.get("channel") === "") given.push("channel")
  if (!given.length) return null
  return (
    <ul class="chips">
      {given.map(name => {
        const label = name === "tag" ? said.tag : said.field[name]
        return (
          <li key={name}>
            <button type="button" onClick={() => setQuery({ [name]: null, cursor: null })}>
              <span>
                <span class="soft">{label}</span> {query.get(name) || said.without(label.toLowerCase())}
              </span>
              <span aria-hidden="true">×</span>
              <span class="unseen">{said.remove}</span>
            </button>
          </li>
        )
      })}
    </ul>
  )
}

function Nothing({ filtered, unfinished }: { filtered: boolean; unfinished: boolean }) {
  if (unfinished) return <p class="none">{said.soFar}</p>
  if (!filtered) {
    return (
      <p class="none">
        {words.campaigns.firstSteps[0][0]}. <span class="soft">{words.campaigns.firstSteps[0][1]}</span>{" "}
        {may("links:write") && <a href={inThisZone("/links?new=1")}>{said.new}</a>}
      </p>
    )
  }
  return (
    <p class="none">
      {said.none}. <span class="soft">{said.noneHint}</span> <a href={inThisZone("/links")}>{said.clear}</a>
    </p>
  )
}

function Table({ links, former }: { links: readonly LinkView[]; former: boolean }) {
  const { columns } = said
  const tagged = links.some(link => link.tags.length > 0)
  return (
    <Scrolls label={said.title}>
      <table class="list" aria-busy={former}>
        <thead>
          <tr>
            <th>{columns.link}</th>
            <th>{columns.leads}</th>
            <th>{columns.campaign}</th>
            <th>{columns.channel}</th>
            {tagged && <th>{columns.tags}</th>}
            <th>{columns.made}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {links.map(link => (
            <Row link={link} tagged={tagged} key={link.link} />
          ))}
        </tbody>
      </table>
    </Scrolls>
  )
}

function Row({ link, tagged }: { link: LinkView; tagged: boolean }) {
  const by = (name: string, value: string) => withQuery({ [name]: value, cursor: null })
  return (
    <tr>
      <td class="named">
        <a class="campaign" href={pageOf(link)}>
          {link.link}
        </a>{" "}
        {link.archived_at && <span class="soft">{said.archived}</span>}
        {link.title && <div class="soft">{link.title}</div>}
      </td>
      <td class="leads" title={link.destination}>
        {link.destination.replace(/^https?:\/\//, "")}
      </td>
      <td>{link.campaign && <a href={by("campaign", link.campaign)}>{link.campaign}</a>}</td>
      <td>
        {link.channel && (
          <a href={by("channel", link.channel)}>{words.channel[link.channel] ?? link.channel}</a>
        )}{" "}
        <span class="soft">{link.profile}</span>
      </td>
      {tagged && (
        <td>
          {link.tags.map((tag, index) => (
            <span key={tag}>
              {index > 0 && " "}
              <a href={by("tag", tag)}>{tag}</a>
            </span>
          ))}
        </td>
      )}
      <td class="soft">{link.created_at && time(link.created_at, "day", zone.value)}</td>
      <td class="number">
        <Copy of={link.link} text={() => publicAddress(link)} />
      </td>
    </tr>
  )
}

function cells(link: LinkView): string[] {
  const { destination, title, campaign, channel, post, profile, tags } = link
  return [publicAddress(link), destination, title, campaign, channel, post, profile, tags.join(" ")]
}
