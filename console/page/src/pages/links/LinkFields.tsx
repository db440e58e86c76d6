import { useEffect } from "preact/hooks"
import type { ProblemDetails } from "../../api/types"
import { useAsked } from "../../state/asked"
import { session, zone } from "../../state/session"
import { words } from "../../text/en"
import { Branches } from "./Branches"
import { Choice, Flag, type Given, Group, Labelled, Text, tied } from "./fields"
import { blank, type Field, placeOf } from "./linkForm"

const { links: said } = words
const UTM = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"] as const
const WHEN: readonly Field[] = ["starts_at", "early_destination", "expires_at", "expired_destination"]
const PASSED: readonly Field[] = ["pass_query", "add_utm", ...UTM, "click_id_parameter"]
const RARE: readonly Field[] = [
  "status",
  "cache_s",
  "impressions",
  "aim",
  "origins",
  "post_url",
  "post_id",
  "published_at",
]
/** These say no more than nothing does. */
const AS_USUAL = blank({ status: "302", cache_s: "0" })

/** The fields of a link; `fixed` where its address is made already. What the API refuses is said at its field. */
export function LinkFields(props: Given & { fixed: boolean }) {
  const { form, fixed, problem } = props
  const campaigns = useAsked("listCampaigns", { query: { limit: 1000 } }, { everyMs: 0 })
  useEffect(() => {
    const wrong = problem && document.getElementById(`field-${placeOf(problem)}`)
    const group = wrong?.closest("details")
    if (group) group.open = true
    wrong?.focus()
  }, [problem])
  const text = (field: Field, more: object = {}) => <Text {...props} field={field} key={field} {...more} />
  const says = (fields: readonly Field[]) =>
    fields.some(field => form[field] !== AS_USUAL[field] && (form[field] !== "" || field === "add_utm"))
  return (
    <>
      <fieldset>
        <legend>{said.main}</legend>
        {text("destination", { type: "url", wide: true })}
        {!fixed && <Domain {...props} />}
        {!fixed && text("slug")}
        {text("title", { wide: fixed })}
      </fieldset>
      <Branches {...props} />
      <fieldset>
        <legend>{said.labels}</legend>
        {text("campaign", { list: (campaigns.data?.campaigns ?? []).map(one => one.name) })}
        {text("channel", { list: Object.keys(words.channel).filter(Boolean) })}
        {text("post")}
        {text("profile")}
        {text("experiment")}
        {text("variant")}
        {text("tags", { wide: true })}
        {!session.value?.account && text("account")}
      </fieldset>
      <Group name={said.when} open={says(WHEN)}>
        <fieldset>
          <legend class="unseen">{said.when}</legend>
          <p class="soft wide">{said.zoneSaid(zone.value)}</p>
          {text("starts_at", { type: "datetime-local" })}
          {text("early_destination", { type: "url" })}
          {text("expires_at", { type: "datetime-local" })}
          {text("expired_destination", { type: "url" })}
        </fieldset>
      </Group>
      <Group name={said.passed} open={says(PASSED)}>
        <fieldset>
          <legend class="unseen">{said.passed}</legend>
          <Flag {...props} field="pass_query" />
          <Flag {...props} field="add_utm" />
          {UTM.map(field => text(field))}
          {text("click_id_parameter")}
        </fieldset>
      </Group>
      <Group name={said.rare} open={says(RARE)}>
        <fieldset>
          <legend class="unseen">{said.rare}</legend>
          <Choice {...props} field="status" />
          {text("cache_s", { type: "numeric" })}
          <Choice {...props} field="impressions" />
          <Choice {...props} field="aim" />
          {text("origins", { wide: true })}
          {text("post_url", { type: "url" })}
          {text("post_id")}
          {text("published_at", { type: "datetime-local" })}
        </fieldset>
      </Group>
    </>
  )
}

function Domain(props: Given) {
  const domains = session.value?.domains ?? []
  if (domains.length < 2) return <Text {...props} field="domain" />
  return (
    <Labelled place="domain" name={said.field.domain} problem={props.problem}>
      <select
        {...tied("domain", props.problem)}
        value={props.form.domain || domains[0]}
        onChange={event => props.change("domain", event.currentTarget.value)}
      >
        {domains.map(one => (
          <option value={one} key={one}>
            {one}
          </option>
        ))}
      </select>
    </Labelled>
  )
}

/** What the API refused; where a field says it, only at which. */
export function Refused({ problem }: { problem: ProblemDetails | undefined }) {
  if (!problem) return null
  const place = placeOf(problem)
  const text = problem.status === 0 ? words.state.unreachable : problem.detail || problem.title
  return (
    <p class="refused" role="alert">
      <strong>{said.notSaved}.</strong> {place ? said.placeName(place) : text}
    </p>
  )
}
