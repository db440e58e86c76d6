import { Notice } from "../../parts/states"
import { session, zone } from "../../state/session"
import { words } from "../../text/en"
import { time } from "../../text/locale"

const { shares: said } = words

/** What those are told in the bar who see what was shared: what it is, and until when. */
export function SharedWith() {
  const who = session.value
  if (!who) return null
  return (
    <p class="own guest">
      <span>{who.name}</span>
      {who.shared_until && (
        <span class="soft">{said.shared(time(who.shared_until, "dayAndTime", zone.value))}</span>
      )}
    </p>
  )
}

/** An address that was not shared. */
export function Elsewhere({ view }: { view: string }) {
  const action = (
    <a class="button" href={view}>
      {said.toShared}
    </a>
  )
  return (
    <Notice title={said.elsewhere} action={action}>
      {said.elsewhereHint}
    </Notice>
  )
}

/** What was shared is over. */
export function Ended() {
  const action = <a href="/sign-in">{said.signIn}</a>
  return (
    <div role="alert">
      <Notice title={said.ended} action={action}>
        {said.endedHint}
      </Notice>
    </div>
  )
}
