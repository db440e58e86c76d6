import { address } from "../../api/client"
import type { LinkView } from "../../api/types"
import { words } from "../../text/en"

const { links: said } = words
const SHOWN_PX = 160
const SAVED_PX = 1200

/** The QR code of a link, to look at and to save. */
export function Code({ link }: { link: LinkView }) {
  const path = { domain: link.domain, slug: link.slug }
  const drawn = (format: "svg" | "png", size: number) =>
    address("drawCode", { path, query: { format, size } })
  const name = link.link.replace(/[^\p{L}\p{N}.]+/gu, "-")
  return (
    <section>
      <div class="title">
        <h2>{said.code}</h2>
        <div class="actions">
          {(["svg", "png"] as const).map(format => (
            <a
              class="button plain"
              key={format}
              href={drawn(format, SAVED_PX)}
              download={`${name}.${format}`}
              aria-label={said.download(format.toUpperCase())}
            >
              {format.toUpperCase()}
            </a>
          ))}
        </div>
      </div>
      <img
        class="code"
        src={drawn("svg", SHOWN_PX)}
        width={SHOWN_PX}
        height={SHOWN_PX}
        alt={said.codeOf(link.link)}
      />
      <p class="soft">{said.scansHint}</p>
    </section>
  )
}
