import { useState } from "preact/hooks"
import type { Drawing } from "../draw/drawing"
import { pictureOf } from "../draw/png"
import { words } from "../text/en"
import "./actions.css"

const SAID_MS = 2000

/** What can be taken from a figure: the numbers as a file, a picture, and either to paste. */
export function Actions(props: {
  of: string
  csv?: string
  picture?: () => { drawing: Drawing; title: string; caption: string }
  copy?: () => string
}) {
  const { of, csv, picture, copy } = props
  const [said, setSaid] = useState("")

  function say(text: string): void {
    setSaid(text)
    setTimeout(() => setSaid(""), SAID_MS)
  }

  async function save(): Promise<void> {
    if (!picture) return
    const { drawing, title, caption } = picture()
    const url = URL.createObjectURL(await pictureOf(drawing, title, caption))
    const link = document.createElement("a")
    link.href = url
    link.download = `${fileName(title)}.png`
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), SAID_MS)
  }

  return (
    <div class="actions">
      <span class="soft" role="status">
        {said}
      </span>
      {copy && (
        <button
          type="button"
          class="plain"
          aria-label={words.actions.copyOf(of)}
          onClick={() =>
            navigator.clipboard.writeText(copy()).then(
              () => say(words.actions.copied),
              () => say(words.actions.notCopied),
            )
          }
        >
          {words.actions.copy}
        </button>
      )}
      {csv && (
        <a class="button plain" href={csv} download aria-label={words.actions.csvOf(of)}>
          CSV
        </a>
      )}
      {picture && (
        <button
          type="button"
          class="plain"
          aria-label={words.actions.pngOf(of)}
          onClick={() => void save().catch(() => say(words.actions.notDrawn))}
        >
          PNG
        </button>
      )}
    </div>
  )
}

/** A text to paste elsewhere; the button says what became of it. */
export function Copy({ of, text }: { of: string; text: () => string }) {
  const [said, setSaid] = useState("")
  function say(what: string): void {
    setSaid(what)
    setTimeout(() => setSaid(""), SAID_MS)
  }
  return (
    <button
      type="button"
      class="plain"
      aria-label={said || words.actions.copyOf(of)}
      onClick={() => {
        // Where the page came without TLS there is no clipboard at all.
        if (!navigator.clipboard) return say(words.actions.notCopied)
        void navigator.clipboard.writeText(text()).then(
          () => say(words.actions.copied),
          () => say(words.actions.notCopied),
        )
      }}
    >
      {said || words.actions.copy}
    </button>
  )
}

/** Cells as a spreadsheet takes them from the clipboard. */
export function tabbed(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map(row => row.map(cell => String(cell ?? "").replace(/[\t\r\n]+/g, " ")).join("\t")).join("\n")
}

function fileName(title: string): string {
  return (
    title
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "")
      .toLowerCase() || "clicktally"
  )
}
