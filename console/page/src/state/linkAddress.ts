import { inThisZone } from "./place"

/** The address of a link's page. */
export function pageOf({ domain, slug }: { domain: string; slug: string }): string {
  return inThisZone(`/links/${encodeURIComponent(domain)}/${encodeURIComponent(slug)}`)
}

/** The address of what was counted of a link. */
export function clicksPageOf({ domain, slug }: { domain: string; slug: string }): string {
  return inThisZone(`/links/${encodeURIComponent(domain)}/${encodeURIComponent(slug)}/clicks`)
}

/** The address of the page of a link that is named `domain/slug`. */
export function pageOfName(link: string): string {
  const at = link.indexOf("/")
  return pageOf({ domain: link.slice(0, at), slug: link.slice(at + 1) })
}
