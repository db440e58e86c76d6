/** A key by which the API knows that a request comes again; also where the page came without TLS. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map(one => one.toString(16).padStart(2, "0"))
    .join("")
}
