import { useState } from "preact/hooks"
import { ProblemError } from "../api/client"
import { words } from "../text/en"
import { Copy } from "./actions"

/** The statement that gives numbers, fetched when somebody wants it; `label` says whose, where the name does not. */
export function ShowSql(props: { name: string; label?: string; fetchText: () => Promise<string> }) {
  const { name, label = name, fetchText } = props
  const [text, setText] = useState("")
  const [wrong, setWrong] = useState("")

  async function show(): Promise<void> {
    setWrong("")
    try {
      setText(await fetchText())
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      setWrong(error.details.detail || words.state.unreachable)
    }
  }

  return (
    <details class="shows-sql" onToggle={event => void (event.currentTarget.open && show())}>
      <summary aria-label={label === name ? undefined : label}>{name}</summary>
      {wrong && <p role="alert">{wrong}</p>}
      {text && (
        <div class="sql">
          <Copy of={label} text={() => text} />
          <pre>{text}</pre>
        </div>
      )}
    </details>
  )
}
