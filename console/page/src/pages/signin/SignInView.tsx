import { useEffect, useState } from "preact/hooks"
import { ProblemError } from "../../api/client"
import type { ProblemDetails } from "../../api/types"
import { go, place } from "../../state/place"
import { signIn } from "../../state/session"
import { words } from "../../text/en"
import "./signin.css"

const COMMAND = "clicktally tokens create me --role reports:read --role links:read --role links:write"

/** Sign in by a token, or by the one-time code that the address brings. */
export function SignInView() {
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<string | null>(null)

  async function enter(by: { token: string } | { code: string }, ofUnknown: string) {
    setBusy(true)
    setWrong(null)
    try {
      await signIn(by)
      go(nextPlace(), { replace: true })
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      setWrong(said(error.details, ofUnknown))
    } finally {
      setBusy(false)
    }
  }

  useEffect(() => {
    const code = new URLSearchParams(location.hash.slice(1)).get("code") ?? place.value.query.get("code")
    if (!code) return
    history.replaceState(null, "", "/sign-in") // a code is of no use to who reads the history
    void enter({ code }, words.signIn.codeUsed)
  }, [])

  return (
    <form
      class="sign-in"
      onSubmit={event => {
        event.preventDefault()
        const token = new FormData(event.currentTarget).get("token")
        void enter({ token: String(token).trim() }, words.signIn.wrong)
      }}
    >
      <h1 tabIndex={-1}>{words.signIn.title}</h1>
      <p class="soft">{words.signIn.why}</p>
      <label>
        {words.signIn.token}
        <input
          name="token"
          type="password"
          required
          autocomplete="current-password"
          placeholder="ct_…"
          aria-describedby="sign-in-wrong"
          aria-invalid={wrong ? true : undefined}
        />
      </label>
      <p id="sign-in-wrong" class="wrong" role="alert">
        {wrong}
      </p>
      <button type="submit" class="lead" disabled={busy}>
        {busy ? words.signIn.busy : words.signIn.button}
      </button>
      <p class="soft">
        {words.signIn.make}
        <code>{COMMAND}</code>
      </p>
    </form>
  )
}

function said(details: ProblemDetails, ofUnknown: string): string {
  if (details.status === 0) return words.state.unreachable
  return details.status === 401 ? ofUnknown : details.detail || details.title
}

/** Where the reader wanted to go: a place of this page, whatever the address says. */
function nextPlace(): string {
  const next = place.value.query.get("next") ?? "/campaigns"
  const url = URL.parse(next, location.origin)
  return url?.origin === location.origin ? url.pathname + url.search : "/campaigns"
}
