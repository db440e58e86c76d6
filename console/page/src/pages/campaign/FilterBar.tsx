import { CLASSES, type Facts, type Filters, KINDS, type Lens, valuesOf } from "../../count/campaign"
import { Choose } from "../../parts/Choose"
import { setQuery, withQuery } from "../../state/place"
import { words } from "../../text/en"

const { campaign: said } = words

export const NO_FILTERS = { channel: null, not_channel: null, profile: null, not_profile: null }
const BUT = "not:"

/** Which posts are shown. Each channel and profile can be left out as well as chosen. */
export function FilterBar({ facts, filters, lens }: { facts: Facts; filters: Filters; lens: Lens }) {
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
      {(channels.length > 1 || filters.notChannel) && (
        <Choose
          label={said.allBut}
          value={filters.notChannel}
          choices={[["", said.noExcept], ...channels.map(one => [one, said.except(nameOf(one))] as const)]}
          choose={value => setQuery({ channel: null, not_channel: value || null })}
        />
      )}
      {profiles.length > 1 && (
        <Choose
          label={said.profile}
          value={filters.notProfile ? BUT + filters.notProfile : filters.profile}
          choices={[
            ["", said.allProfiles],
            { under: said.only, choices: profiles.map(one => [one, one]) },
            { under: said.allBut, choices: profiles.map(one => [BUT + one, said.except(one)]) },
          ]}
          choose={value => {
            const out = value.startsWith(BUT)
            setQuery({
              profile: out ? null : value || null,
              not_profile: out ? value.slice(BUT.length) : null,
            })
          }}
        />
      )}
      <Choose
        label={said.class}
        value={lens.class ?? ""}
        choices={[["", said.people], ...CLASSES.map(one => [one, said.classes[one]] as const)]}
        choose={value => setQuery({ class: value || null })}
      />
      {kinds.length > 1 && (
        <Choose
          label={said.kind}
          value={lens.kind ?? ""}
          choices={[["", said.allKinds], ...kinds.map(one => [one, words.kind[one] ?? one] as const)]}
          choose={value => setQuery({ kind: value || null })}
        />
      )}
    </div>
  )
}
