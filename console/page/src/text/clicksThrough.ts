import type { Lens } from "../count/campaign"
import { words } from "./en"

/** Which clicks a lens shows, and of which links, in words. */
export function clicksThrough({ class: traffic, kind }: Lens): string {
  const { classes, people, ofKind } = words.campaign
  const clicks = traffic ? classes[traffic] : people
  return kind ? ofKind(clicks, words.kind[kind] ?? kind) : clicks
}
