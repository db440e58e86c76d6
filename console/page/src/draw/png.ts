import type { Drawing, Ink } from "./drawing"

const SCALE = 2
const MARGIN = 24
const LINE = 24

/** A picture of a drawing under its title and above what it is of, in the colours of now. */
export async function pictureOf(drawing: Drawing, title: string, caption: string): Promise<Blob> {
  const canvas = document.createElement("canvas")
  const top = MARGIN + LINE + 8
  canvas.width = (drawing.width + 2 * MARGIN) * SCALE
  canvas.height = (top + drawing.height + LINE + MARGIN) * SCALE
  const context = canvas.getContext("2d")
  if (!context) throw new Error("this browser draws no pictures")
  const ink = inks()
  const { fontFamily, fontSize } = getComputedStyle(document.body)
  const font = (strong: boolean) => `${strong ? 600 : 400} ${fontSize} ${fontFamily}`

  context.scale(SCALE, SCALE)
  context.fillStyle = ink("raised")
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.textBaseline = "alphabetic"
  write(title, MARGIN, MARGIN + 14, "ink", "left", true)
  context.translate(MARGIN, top)
  for (const shape of drawing.shapes) {
    context.globalAlpha = shape.is === "path" ? (shape.opacity ?? 1) : 1
    if (shape.is === "text") {
      const align = { start: "left", middle: "center", end: "right" } as const
      write(shape.text, shape.x, shape.y, shape.ink, align[shape.anchor], shape.strong ?? false)
      continue
    }
    const path = new Path2D(shape.d)
    if (shape.fill) {
      context.fillStyle = ink(shape.fill)
      context.fill(path)
    }
    if (shape.stroke) {
      context.strokeStyle = ink(shape.stroke)
      context.lineWidth = shape.width ?? 1
      context.setLineDash([...(shape.dash ?? [])])
      context.stroke(path)
    }
  }
  context.globalAlpha = 1
  write(caption, 0, drawing.height + LINE, "ink-soft", "left", false)

  function write(text: string, x: number, y: number, of: Ink, align: CanvasTextAlign, strong: boolean): void {
    if (!context) return
    context.font = font(strong)
    context.fillStyle = ink(of)
    context.textAlign = align
    context.fillText(text, x, y, drawing.width)
  }

  return new Promise((resolve, reject) => {
    canvas.toBlob(blob => (blob ? resolve(blob) : reject(new Error("no picture could be made"))), "image/png")
  })
}

/** Colours as the page has them now, light or dark. */
function inks(): (ink: Ink) => string {
  const known = new Map<Ink, string>()
  return ink => {
    let colour = known.get(ink)
    if (!colour) {
      const probe = document.createElement("span")
      probe.className = `probe-${ink}`
      probe.style.color = `var(--${ink})`
      document.body.append(probe)
      colour = getComputedStyle(probe).color
      probe.remove()
      known.set(ink, colour)
    }
    return colour
  }
}
