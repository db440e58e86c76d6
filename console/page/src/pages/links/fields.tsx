import type { ComponentChildren } from "preact"
import { useState } from "preact/hooks"
import type { ProblemDetails } from "../../api/types"
import { words } from "../../text/en"
import { type Field, type Form, placeOf, SET } from "./linkForm"

const { links: said } = words

/** What every part of the form is given. */
export interface Given {
  form: Form
  change: <Part extends keyof Form>(part: Part, value: Form[Part]) => void
  problem: ProblemDetails | undefined
}

/** Fields that few links need: open where they say something, and then as the reader wants it. */
export function Group(props: { name: string; open: boolean; children: ComponentChildren }) {
  const [open, setOpen] = useState(props.open)
  return (
    <details open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{props.name}</summary>
      {props.children}
    </details>
  )
}

/** An input with its name above it, and below what the API refuses about it, or else a hint. */
export function Labelled(props: {
  place: string
  name: string
  hint?: string | undefined
  problem: ProblemDetails | undefined
  wide?: boolean
  children: ComponentChildren
}) {
  const { place, name, hint, problem } = props
  const wrong = problem && placeOf(problem) === place
  return (
    <div class={props.wide ? "field wide" : "field"}>
      <label for={`field-${place}`}>{name}</label>
      {props.children}
      {wrong ? (
        <p class="wrong" id={`said-${place}`}>
          {problem.detail}
        </p>
      ) : (
        hint && (
          <p class="soft" id={`said-${place}`}>
            {hint}
          </p>
        )
      )}
    </div>
  )
}

/** What ties an input to its label, and to what is said below it. */
export function tied(place: string, problem: ProblemDetails | undefined, hint?: string) {
  const wrong = problem !== undefined && placeOf(problem) === place
  return {
    id: `field-${place}`,
    name: place,
    ...(wrong ? { "aria-invalid": true } : {}),
    ...(wrong || hint ? { "aria-describedby": `said-${place}` } : {}),
  }
}

/** A text that is no field of the link itself but of an entry in one of its lists. */
export function Entry(props: {
  place: string
  name: string
  value: string
  change: (value: string) => void
  problem: ProblemDetails | undefined
  hint?: string
  wide?: boolean
  mode?: "url" | "numeric"
}) {
  const { place, name, value, change, problem, hint, wide = false, mode } = props
  return (
    <Labelled place={place} name={name} hint={hint} problem={problem} wide={wide}>
      <input
        {...tied(place, problem, hint)}
        {...(mode ? { inputMode: mode } : {})}
        value={value}
        autocomplete="off"
        spellcheck={false}
        onInput={event => change(event.currentTarget.value)}
      />
    </Labelled>
  )
}

/** A text of the link. */
export function Text(
  props: Given & {
    field: Field
    type?: "url" | "datetime-local" | "numeric"
    wide?: boolean
    list?: string[]
  },
) {
  const { field, form, change, problem, type = "text", wide = false, list } = props
  const hint = said.hint[field]
  return (
    <Labelled place={field} name={said.field[field]} hint={hint} problem={problem} wide={wide}>
      <input
        {...tied(field, problem, hint)}
        // The API says better what is wrong with an address than a browser does.
        type={type === "datetime-local" ? type : "text"}
        {...(type === "url" || type === "numeric" ? { inputMode: type } : {})}
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
    </Labelled>
  )
}

/** One of few. */
export function Choice({ field, form, change, problem }: Given & { field: Field }) {
  const choices = Object.entries(said.choice[field] ?? {})
  const hint = said.hint[field]
  return (
    <Labelled place={field} name={said.field[field]} hint={hint} problem={problem}>
      <select
        {...tied(field, problem, hint)}
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
    </Labelled>
  )
}

/** Yes or no. */
export function Flag({ field, form, change }: Given & { field: Field }) {
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
