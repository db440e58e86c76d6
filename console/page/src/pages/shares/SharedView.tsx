import { useEffect, useState } from "preact/hooks"
import { ProblemError } from "../../api/client"
import type { ProblemDetails } from "../../api/types"
import { Failed, Notice, Skeleton } from "../../parts/states"
import { go } from "../../state/place"
import { learnSession, session, signIn } from "../../state/session"
import { shareIn } from "../../state/shares"
import { words } from "../../text/en"

const { shares: said } = words

/** Opens what was shared by the link's own text, which stands behind `#` of the address. */
export function SharedView() {
  const [text, setText] = useState(() => shareIn(location.hash))
  const [agreed, setAgreed] = useState(false)
  const [problem, setProblem] = useState<ProblemDetails>()
  const who = session.value
  const asks = who !== undefined && who !== null && who.kind !== "share" && !agreed

  // Another link may be opened in the same window.
  useEffect(() => {
    const opened = () => {
      setProblem(undefined)
      setText(shareIn(location.hash))
    }
    addEventListener("hashchange", opened)
    return () => removeEventListener("hashchange", opened)
  }, [])

  async function enter(share: string): Promise<void> {
    setProblem(undefined)
    try {
      go((await signIn({ share })).view ?? "/", { replace: true })
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      setProblem(error.details)
      // Whoever was signed in still is.
      if (who) await learnSession()
    }
  }

  useEffect(() => {
    if (text && !asks && who !== undefined) void enter(text)
  }, [text, asks, who === undefined])

  if (!text || problem?.type.endsWith("/unauthorized")) {
    return <Notice title={said.notWhole}>{said.notWholeHint}</Notice>
  }
  if (problem?.type.endsWith("/share-ended")) return <Notice title={said.ended}>{said.endedHint}</Notice>
  if (problem) return <Failed problem={problem} again={() => void enter(text)} />
  if (asks) {
    const action = (
      <button type="button" onClick={() => setAgreed(true)}>
        {said.openAnyway}
      </button>
    )
    return (
      <Notice title={said.signedIn} action={action}>
        {said.signedInHint}
      </Notice>
    )
  }
  return <Skeleton height={400} label={said.opening} />
}
