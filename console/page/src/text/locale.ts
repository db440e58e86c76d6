/** The reader's locale: how numbers and dates are written. The words are of `en.ts` until there are others. */
export const locale = typeof navigator === "undefined" ? "en" : navigator.language || "en"

export const dash = "–"
const MINUS = "−"
const NARROW = "\u202f"
/** A percentage of fewer says more than it knows. */
const FEW = 20

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat(locale, { notation: "compact", maximumSignificantDigits: 3 })

/** A count, all its digits. */
export function count(value: number): string {
  return whole.format(value).replace("-", MINUS)
}

/** A count where there is little room, such as the labels of an axis. */
export function shortCount(value: number): string {
  return Math.abs(value) < 10_000 ? count(value) : short.format(value)
}

/** How many digits a share deserves, in per cent, when it is known to within `half`: the last one still says something. */
export function digitsFor(half: number | null, share: number): number {
  const spread = half === null || half <= 0 ? share / 50 : half
  return Math.min(2, Math.max(0, Math.ceil(-Math.log10(Math.max(spread * 50, 1e-9)))))
}

/** A share as per cent. */
export function percent(share: number, digits = 2): string {
  return `${fixed(share * 100, digits)}${NARROW}%`
}

/** From low to high, in per cent, the sign once. */
export function percentRange(low: number, high: number, digits = 2): string {
  return `${fixed(low * 100, digits)}–${fixed(high * 100, digits)}${NARROW}%`
}

function fixed(value: number, digits: number): string {
  return new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .format(value)
    .replace("-", MINUS)
}

/** A number that says its sign, of which zero has none. */
export function signed(value: number, digits = 0): string {
  const text = fixed(value, digits)
  if (!/[1-9]/.test(text)) return text.replace(MINUS, "")
  return value > 0 ? `+${text}` : text
}

/** A number of the range's ends without needless zeros: 0.4, 1, 0.05. */
export function plainPercent(low: number, high: number): string {
  const written = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 })
  return `${written.format(low * 100)}–${written.format(high * 100)}${NARROW}%`
}

/**
 * How much more or less than before: +18 %, −4 %, ×12, and of few +5; null where there was nothing to compare with.
 */
export function change(now: number, before: number | undefined | null): string | null {
  if (!before || before < 0 || now < 0) return null
  if (before < FEW)
    return now === before ? "±0" : `${now > before ? "+" : MINUS}${whole.format(Math.abs(now - before))}`
  const ratio = now / before
  if (ratio >= 10) return `×${whole.format(ratio)}`
  const per = Math.round((ratio - 1) * 100)
  return per === 0 ? `±0${NARROW}%` : `${per > 0 ? "+" : MINUS}${whole.format(Math.abs(per))}${NARROW}%`
}

type Style = "day" | "dayOfWeek" | "dayAndTime" | "time" | "long"

const STYLES: Record<Style, Intl.DateTimeFormatOptions> = {
  day: { day: "numeric", month: "short" },
  dayOfWeek: { weekday: "short", day: "numeric", month: "short" },
  dayAndTime: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  time: { hour: "2-digit", minute: "2-digit" },
  long: {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  },
}
const formats = new Map<string, Intl.DateTimeFormat>()

/** A time as it is called in a zone. */
export function time(at: number | string | Date, style: Style, zone: string): string {
  const key = `${style} ${zone}`
  let format = formats.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(locale, { ...STYLES[style], timeZone: zone })
    formats.set(key, format)
  }
  return format.format(new Date(at))
}

/** Names of the days of a week, Monday first. */
export function weekdays(): string[] {
  const format = new Intl.DateTimeFormat(locale, { weekday: "short", timeZone: "UTC" })
  return [...Array(7).keys()].map(day => format.format(Date.UTC(2024, 0, day + 1)))
}
