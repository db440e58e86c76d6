import { useMemo, useRef, useState } from "preact/hooks"
import type { NewLink } from "../../api/types"
import { Actions, tabbed } from "../../parts/actions"
import { Scrolls } from "../../parts/Scrolls"
import { pageOfName } from "../../state/linkAddress"
import { inThisZone, place } from "../../state/place"
import { session } from "../../state/session"
import { words } from "../../text/en"
import { count } from "../../text/locale"
import { type Result, send } from "./bulk"
import { type Pasted, pastedOf } from "./bulkLines"
import { newKey } from "./key"
import "./links.css"

const { links } = words
const said = links.paste
const COMMON = ["campaign", "channel", "post", "profile"] as const
const SHOWN = 500

/** Many links from one paste, each answered by itself. */
export function BulkView() {
  const { query } = place.value
  const [text, setText] = useState("")
  const [domain, setDomain] = useState(query.get("domain") ?? session.value?.domains[0] ?? "")
  const [common, setCommon] = useState<Partial<NewLink>>(() =>
    Object.fromEntries(COMMON.flatMap(name => (query.get(name) ? [[name, query.get(name)]] : []))),
  )
  const [results, setResults] = useState<ReadonlyMap<number, Result>>(new Map())
  const [busy, setBusy] = useState(false)
  const sent = useRef<{ of: string; keys: string[] }>({ of: "", keys: [] })
  const lines = useMemo(() => {
    const labels = Object.fromEntries(Object.entries(common).filter(([, value]) => value))
    return pastedOf(text, domain, labels)
  }, [text, domain, common])

  async function go(): Promise<void> {
    const of = JSON.stringify(lines)
    if (sent.current.of !== of) sent.current = { of, keys: lines.map(newKey) }
    const told = new Map<number, Result>()
    let drawn = true
    setBusy(true)
    setResults(told)
    try {
      await send(lines, sent.current.keys, result => {
        told.set(result.line, result)
        if (drawn) requestAnimationFrame(show)
        drawn = false
      })
    } finally {
      show()
      setBusy(false)
    }

    function show(): void {
      drawn = true
      setResults(new Map(told))
    }
  }

  const refused = lines.filter(one => isRefused(results.get(one.line)))
  return (
    <>
      <form
        class="form"
        onSubmit={event => {
          event.preventDefault()
          if (lines.length && !busy) void go()
        }}
      >
        <h1 tabIndex={-1}>{said.title}</h1>
        <p class="soft">
          {said.hint} {said.json}
        </p>
        <div class="field wide">
          <label for="lines">{said.lines}</label>
          <textarea
            id="lines"
            rows={10}
            spellcheck={false}
            placeholder={"https://example.com/spring spring\nhttps://example.com/summer"}
            value={text}
            disabled={busy}
            onInput={event => setText(event.currentTarget.value)}
          />
        </div>
        <fieldset>
          <legend>{said.common}</legend>
          <div class="field">
            <label for="bulk-domain">{links.field.domain}</label>
            <input id="bulk-domain" value={domain} onInput={event => setDomain(event.currentTarget.value)} />
          </div>
          {COMMON.map(name => (
            <div class="field" key={name}>
              <label for={`bulk-${name}`}>{links.field[name]}</label>
              <input
                id={`bulk-${name}`}
                value={common[name] ?? ""}
                onInput={event => {
                  const value = event.currentTarget.value
                  setCommon(before => ({ ...before, [name]: value }))
                }}
              />
            </div>
          ))}
        </fieldset>
        <div class="sends">
          <button type="submit" class="lead" disabled={busy || !lines.length}>
            {busy ? said.going(results.size, lines.length) : said.go(lines.length)}
          </button>
          <a class="button plain" href={inThisZone("/links")}>
            {links.all}
          </a>
        </div>
      </form>
      {results.size > 0 && (
        <Results
          lines={lines}
          results={results}
          keep={
            !busy && refused.length > 0 && refused.length < lines.length
              ? () => {
                  setText(refused.map(one => one.text).join("\n"))
                  setResults(new Map())
                }
              : null
          }
        />
      )}
    </>
  )
}

function isRefused(result: Result | undefined): boolean {
  return result !== undefined && (result.status === 0 || result.status >= 400)
}

function resultOf({ status }: Result): string {
  if (status === 0 || status >= 400) return said.refused
  return status === 201 ? said.made : status === 204 ? said.deleted : said.changed
}

function Results(props: {
  lines: readonly Pasted[]
  results: ReadonlyMap<number, Result>
  keep: (() => void) | null
}) {
  const { lines, results, keep } = props
  const all = lines.flatMap(one => results.get(one.line) ?? [])
  const made = all.filter(one => one.status === 201).length
  const refused = all.filter(isRefused)
  // What needs somebody stands first.
  const shown = [...refused, ...all.filter(one => !isRefused(one))].slice(0, SHOWN)
  return (
    <section class="results">
      <div class="title">
        <h2 aria-live="polite">{said.result(made, all.length - made - refused.length, refused.length)}</h2>
        <div class="actions">
          {keep && (
            <button type="button" onClick={keep}>
              {said.keep}
            </button>
          )}
          <Actions
            of={links.title}
            copy={() => tabbed(all.map(one => [one.line, one.status, one.link ?? "", one.problem ?? ""]))}
          />
        </div>
      </div>
      <Scrolls label={said.title}>
        <table class="list">
          <thead>
            <tr>
              <th class="number">{said.columns.line}</th>
              <th>{said.columns.result}</th>
              <th>{said.columns.link}</th>
              <th>{said.columns.problem}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(one => (
              <tr key={one.line}>
                <td class="number">{count(one.line)}</td>
                <td class={isRefused(one) ? "attention" : undefined}>{resultOf(one)}</td>
                <td>{one.link && <a href={pageOfName(one.link)}>{one.link}</a>}</td>
                <td class="wide">{one.problem}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
    </section>
  )
}
