import { useRef, useState } from "preact/hooks"
import { ask, ProblemError } from "../../api/client"
import type { LinkView, ProblemDetails } from "../../api/types"
import { words } from "../../text/en"

const { links: said } = words

/** Delete a link, after a question. */
export function Deleting(props: {
  link: LinkView
  refused: (problem: ProblemDetails) => void
  deleted: () => void
}) {
  const { link, refused, deleted } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const [busy, setBusy] = useState(false)

  async function remove(): Promise<void> {
    setBusy(true)
    try {
      const path = { domain: link.domain, slug: link.slug }
      await ask("deleteLink", { path, headers: { "If-Match": link.etag } })
      deleted()
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      dialog.current?.close()
      setBusy(false)
      refused(error.details)
    }
  }

  return (
    <>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        {said.delete}
      </button>
      <dialog ref={dialog} aria-labelledby="deleting">
        <p id="deleting">{said.deleteSure(link.link)}</p>
        <div class="sends">
          <button type="button" class="lead" disabled={busy} onClick={() => void remove()}>
            {said.deleteYes}
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            {said.cancel}
          </button>
        </div>
      </dialog>
    </>
  )
}
