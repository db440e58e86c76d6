import type { ComponentChildren } from "preact"
import { useEffect } from "preact/hooks"
import type { ProblemDetails } from "../../api/types"
import { useAsked } from "../../state/asked"
import { session, zone } from "../../state/session"
import { words } from "../../text/en"
import { type Field, type Form, fieldOf, SET } from "./linkForm"

const { links: said } = words

interface Given {
  form: Form
  change: (field: Field, value: string) => void
  problem: ProblemDetails | undefined
}

/** The fields of a link; `fixed` where its address is made already. What the API refuses is said at its field. */
export function LinkFields(props: Given & { fixed: boolean }) {
  const { fixed, problem } = props
  const campaigns = useAsked("listCampaigns", { query: { limit: 1000 } }, { everyMs: 0 })
  const wrong = problem && fieldOf(problem)
  const rare = RARE.some(field => props.form[field] && !(field === "status" && props.form[field] === "302"))
  useEffect(() => {
    if (wrong) document.getElementById(`field-${wrong}`)?.focus()
  }, [problem])
  const text = (field: Field, more: object = {}) => <Text {...props} field={field} key={field} {...more} />
  return (
    <>
      <fieldset>
        <legend>{said.main}</legend>
        {text("destination", { type: "url", wide: true })}
        {!fixed && <Domain {...props} />}
        {!fixed && text("slug")}
        {text("title", { wide: fixed })}
      </fieldset>
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
      <details open={rare || RARE.some(field => field === wrong)}>
        <summary>{said.when}</summary>
        <fieldset>
          <legend class="unseen">{said.when}</legend>
          <p class="soft wide">{said.zoneSaid(zone.value)}</p>
          {text("starts_at", { type: "datetime-local" })}
          {text("early_destination", { type: "url" })}
          {text("expires_at", { type: "datetime-local" })}
          {text("expired_destination", { type: "url" })}
          <Choice {...props} field="status" />
          <Choice {...props} field="impressions" />
          <Choice {...props} field="aim" />
          {text("post_url", { type: "url" })}
          {text("published_at", { type: "datetime-local" })}
          <Flag {...props} field="pass_query" />
          {UTM.map(field => text(field))}
        </fieldset>
      </details>
    </>
  )
}

const UTM = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"] as const
const RARE: readonly Field[] = [
  "starts_at",
  "early_destination",
  "expires_at",
  "expired_destination",
  "status",
  "impressions",
  "aim",
  "post_url",
  "published_at",
  "pass_query",
  ...UTM,
]

function Around(props: {
  field: Field
  problem: ProblemDetails | undefined
  wide?: boolean
  children: ComponentChildren
}) {
  const { field, problem } = props
  const hint = said.hint[field]
  const wrong = problem && fieldOf(problem) === field
  return (
    <div class={props.wide ? "field wide" : "field"}>
      <label for={`field-${field}`}>{said.field[field]}</label>
      {props.children}
      {wrong ? (
        <p class="wrong" id={`said-${field}`}>
          {problem.detail}
        </p>
      ) : (
        hint && (
          <p class="soft" id={`said-${field}`}>
            {hint}
          </p>
        )
      )}
    </div>
  )
}

function about(field: Field, problem: ProblemDetails | undefined) {
  const wrong = problem !== undefined && fieldOf(problem) === field
  return {
    id: `field-${field}`,
    name: field,
    ...(wrong ? { "aria-invalid": true } : {}),
    ...(wrong || said.hint[field] ? { "aria-describedby": `said-${field}` } : {}),
  }
}

function Text(
  props: Given & { field: Field; type?: "url" | "datetime-local"; wide?: boolean; list?: string[] },
) {
  const { field, form, change, problem, type = "text", wide = false, list } = props
  return (
    <Around field={field} problem={problem} wide={wide}>
      <input
        {...about(field, problem)}
        // The API says better what is wrong with an address than a browser does.
        type={type === "datetime-local" ? type : "text"}
        {...(type === "url" ? { inputMode: "url" as const } : {})}
        value={form[field]}
        autocomplete="off"
        spellcheck={field === "title"}
        {...(list ? { list: `known-${field}` } : {})}
        onInput={event => change(field, event.currentTarget.value)}
      />
      {list && (
        <datalist id={`known-${field}`}>
          {list.map(one => (
            <option value={one} key={one} />
          ))}
        </datalist>
      )}
    </Around>
  )
}

function Domain(props: Given) {
  const domains = session.value?.domains ?? []
  if (domains.length < 2) return <Text {...props} field="domain" />
  return (
    <Around field="domain" problem={props.problem}>
      <select
        {...about("domain", props.problem)}
        value={props.form.domain || domains[0]}
        onChange={event => props.change("domain", event.currentTarget.value)}
      >
        {domains.map(one => (
          <option value={one} key={one}>
            {one}
          </option>
        ))}
      </select>
    </Around>
  )
}

function Choice({ field, form, change, problem }: Given & { field: Field }) {
  const choices = Object.entries(said.choice[field] ?? {})
  return (
    <Around field={field} problem={problem}>
      <select
        {...about(field, problem)}
        value={form[field]}
        onChange={event => change(field, event.currentTarget.value)}
      >
        {choices
          .filter(([value]) => value || field !== "status" || !form[field])
          .map(([value, name]) => (
            <option value={value} key={value}>
              {name}
            </option>
          ))}
      </select>
    </Around>
  )
}

function Flag({ field, form, change }: Given & { field: Field }) {
  return (
    <label class="flag wide">
      <input
        type="checkbox"
        name={field}
        checked={form[field] === SET}
        onChange={event => change(field, event.currentTarget.checked ? SET : "")}
      />
      {said.field[field]}
    </label>
  )
}

/** What the API refused and no field says. */
export function Refused({ problem }: { problem: ProblemDetails | undefined }) {
  if (!problem) return null
  const field = fieldOf(problem)
  const text = problem.status === 0 ? words.state.unreachable : problem.detail || problem.title
  return (
    <p class="refused" role="alert">
      <strong>{said.notSaved}.</strong> {field ? said.field[field] : text}
    </p>
  )
}
