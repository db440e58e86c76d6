import { signal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { shortcuts } from "../state/shortcuts"
import { words } from "../text/en"

export const keysShown = signal(false)

const IN_CHARTS = [
  { keys: "← →", does: words.keys.chart },
  { keys: "Home End", does: words.keys.ends },
]

/** The dialog of all keys that do something here. */
export function Keys() {
  const dialog = useRef<HTMLDialogElement>(null)
  const shown = keysShown.value
  useEffect(() => {
    if (shown && !dialog.current?.open) dialog.current?.showModal()
    if (!shown) dialog.current?.close()
  }, [shown])
  return (
    <dialog ref={dialog} class="keys" aria-labelledby="keys-title" onClose={() => (keysShown.value = false)}>
      <h2 id="keys-title">{words.keys.title}</h2>
      <dl>
        {[...shortcuts.value, ...IN_CHARTS].map(({ keys, does }) => (
          <>
            <dt>
              {keys.split(" ").map(key => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">{words.keys.close}</button>
      </form>
    </dialog>
  )
}
