/** Draws what has changed with the next frame; however much there is, the page stays usable. */

/** Milliseconds of a frame that drawing may begin another step in. */
const BUDGET = 8
/** After a step that took long, the page has this many times as long for itself. */
const REST = 2

export interface Paintable {
  /** Draws until `deadline`, as `performance.now()` counts. True if there is more to draw. */
  paint(deadline: number): boolean
}

export interface Painter {
  add(view: Paintable): void
}

export function createPainter(painted: () => void): Painter {
  const dirty = new Set<Paintable>()
  let isScheduled = false
  let restUntil = 0

  function paint(): void {
    isScheduled = false
    const begun = performance.now()
    if (begun >= restUntil) {
      for (const view of dirty) {
        if (view.paint(begun + BUDGET)) break
        dirty.delete(view)
      }
      const took = performance.now() - begun
      restUntil = took > BUDGET ? begun + took * (1 + REST) : 0
      painted()
    }
    if (dirty.size) schedule()
  }

  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    // a page that is not seen gets no frames, but its answers end all the same
    if (document.hidden) setTimeout(paint, 100)
    else requestAnimationFrame(paint)
  }

  return {
    add(view) {
      dirty.add(view)
      schedule()
    },
  }
}
