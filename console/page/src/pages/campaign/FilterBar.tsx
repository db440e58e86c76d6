import type { ComponentChildren } from "preact"
import {
  CLASSES,
  type Facts,
  type Filters,
  KINDS,
  type Lens,
  SORTS,
  type Sort,
  valuesOf,
} from "../../count/campaign"
import { setQuery, withQuery } from "../../state/place"
import { words } from "../../text/en"

const { campaign: said } = words

export const NO_FILTERS = { channel: null, not_channel: null, profile: null, not_profile: null }
const BUT = "not:"

/** Which posts are shown, and in which order. Each can be left out as well as chosen. */
export function FilterBar(props: {
  facts: Facts
  filters: Filters
  lens: Lens
  sort: Sort
  children: ComponentChildren
}) {
  const { facts, filters, lens, sort } = props
  const channels = valuesOf(facts.now, "channel")
  const profiles = valuesOf(facts.now, "profile")
  const kinds = KINDS.filter(kind => kind === lens.kind || facts.posts.some(row => row.kinds.includes(kind)))
  const nameOf = (channel: string) => words.channel[channel] ?? channel
  return (
    <div class="filters">
      <ul class="channels" aria-label={said.channel}>
        <li>
          <a
            href={withQuery({ channel: null, not_channel: null })}
            aria-current={filters.channel || filters.notChannel ? undefined : "true"}
          >
            {said.all}
          </a>
        </li>
        {channels.map(channel => (
          <li key={channel}>
            <a
              href={withQuery({ channel: filters.channel === channel ? null : channel, not_channel: null })}
              aria-current={filters.channel === channel ? "true" : undefined}
              class={filters.notChannel === channel ? "out" : undefined}
            >
              {nameOf(channel)}
            </a>
          </li>
        ))}
      </ul>
      <select
        aria-label={said.allBut}
        value={filters.notChannel}
        onChange={event => setQuery({ channel: null, not_channel: event.currentTarget.value || null })}
      >
        <option value="">{said.noExcept}</option>
        {channels.map(channel => (
          <option value={channel} key={channel}>
            {said.except(nameOf(channel))}
          </option>
        ))}
      </select>
      {profiles.length > 1 && (
        <select
          aria-label={said.profile}
          value={filters.notProfile ? BUT + filters.notProfile : filters.profile}
          onChange={event => {
            const value = event.currentTarget.value
            const out = value.startsWith(BUT)
            setQuery({
              profile: out ? null : value || null,
              not_profile: out ? value.slice(BUT.length) : null,
            })
          }}
        >
          <option value="">{said.allProfiles}</option>
          <optgroup label={said.only}>
            {profiles.map(profile => (
              <option value={profile} key={profile}>
                {profile}
              </option>
            ))}
          </optgroup>
          <optgroup label={said.allBut}>
            {profiles.map(profile => (
              <option value={BUT + profile} key={profile}>
                {said.except(profile)}
              </option>
            ))}
          </optgroup>
        </select>
      )}
      <select
        aria-label={said.class}
        value={lens.class ?? ""}
        onChange={event => setQuery({ class: event.currentTarget.value || null })}
      >
        <option value="">{said.people}</option>
        {CLASSES.map(one => (
          <option value={one} key={one}>
            {said.classes[one]}
          </option>
        ))}
      </select>
      {kinds.length > 1 && (
        <select
          aria-label={said.kind}
          value={lens.kind ?? ""}
          onChange={event => setQuery({ kind: event.currentTarget.value || null })}
        >
          <option value="">{said.allKinds}</option>
          {kinds.map(kind => (
            <option value={kind} key={kind}>
              {words.kind[kind]}
            </option>
          ))}
        </select>
      )}
      <select
        class="sort"
        aria-label={said.sort}
        value={sort}
        onChange={event => {
          const value = event.currentTarget.value
          setQuery({ sort: value === "needs" ? null : value })
        }}
      >
        {SORTS.map(one => (
          <option value={one} key={one}>
            {said.sorts[one]}
          </option>
        ))}
      </select>
      {props.children}
    </div>
  )
}
