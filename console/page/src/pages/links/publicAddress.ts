import type { LinkView } from "../../api/types"
import { session } from "../../state/session"
import { addressAt } from "./linkForm"

/** The address that visitors open. */
export function publicAddress(link: Pick<LinkView, "domain" | "slug">): string {
  return addressAt(link, session.value?.link_urls ?? {})
}
