/** A value and its name, or values under a heading. */
export type Choice = readonly [value: string, name: string] | { under: string; choices: readonly Choice[] }

/** A menu of one line, named for who hears the page. */
export function Choose(props: {
  label: string
  value: string
  choices: readonly Choice[]
  choose: (value: string) => void
  class?: string
  disabled?: boolean
}) {
  const { label, value, choices, choose, disabled = false } = props
  return (
    <select
      class={props.class}
      aria-label={label}
      value={value}
      disabled={disabled}
      onChange={event => choose(event.currentTarget.value)}
    >
      {choices.map(option)}
    </select>
  )
}

function option(choice: Choice) {
  if ("under" in choice) {
    return (
      <optgroup label={choice.under} key={choice.under}>
        {choice.choices.map(option)}
      </optgroup>
    )
  }
  const [value, name] = choice
  return (
    <option value={value} key={value}>
      {name}
    </option>
  )
}
